"""What differs between SQLite and PostgreSQL: opening one, its tables, why it is refused.

What a question reads and writes is the same for both, and lives above.
"""
