"""Moving all that was talked from SQLite to PostgreSQL.

Only `python run.py migrate-to` needs it.
"""
