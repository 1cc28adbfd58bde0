"""The derived index: search and figures for people, in one SQLite file that the log can always make again."""
