"""PostgreSQL, asked with time limits of our own: see ``base``."""
