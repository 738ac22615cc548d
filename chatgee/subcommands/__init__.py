"""What `python run.py WORD` does, one file a word, but for `run` itself: see `chatgee.launch`.

Nothing that a running program needs lives here.
"""
