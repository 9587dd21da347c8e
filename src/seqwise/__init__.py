"""The line, end to end."""
