"""The computer before which the owner sits: the terminal, the clipboard, the browser.

A machine without a screen runs without any of it; nothing else may need it.
"""
