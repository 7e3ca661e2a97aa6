"""The table that the Django servers read."""
