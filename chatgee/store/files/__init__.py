"""SQLite files beside the one in use: copies of it, and files from outside that are looked into.

The live database is only read here.
"""
