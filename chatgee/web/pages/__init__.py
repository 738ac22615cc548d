"""The owner's pages, one file a page: HTTP in, HTML out.

What a page does is in `chatgee.owner`, which knows no flask.
"""
