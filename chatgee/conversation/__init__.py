"""One message becomes one answer: from the door to the worker, and back to the friend.

The parts are handed in; nothing here knows flask, openai or a database.
"""
