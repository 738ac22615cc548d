"""What the owner's pages, terminal and doctor show and do.

Nothing here knows flask, and no friend's question waits for it.
"""
