"""What is wrong with this ChatGee, one thing after the other, and what the owner can do about it.

`steps` has the checks, which print nothing; `report` tells of them on a terminal.
"""
