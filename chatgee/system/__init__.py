"""The machine below us: files, signals, packages, the log, small HTTP calls.

It knows no settings, no texts and nothing of what ChatGee is for.
"""
