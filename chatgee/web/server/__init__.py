"""The WSGI server under both Kakao's address and the pages: its port, connections and bodies.

It knows of the app only who the owner is; what is answered is the app's business.
"""
