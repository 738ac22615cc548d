"""More than one machine: the queue of questions, news from the others, what all have in common.

The only room that imports procrastinate and psycopg. On one machine nothing of it is imported,
but for `state`, which says what a program that is alone remembers.
"""
