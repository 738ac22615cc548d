"""What the owner's pages read of the database, beside the store's thread.

Nothing here writes, and no friend waits for it.
"""
