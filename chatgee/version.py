"""Which ChatGee this is; pyproject.toml reads it here."""

VERSION = "2.3.0"
