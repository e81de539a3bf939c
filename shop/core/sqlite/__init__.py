"""SQLite, with statements that are put into its own style once: see ``base``."""
