"""A plain text into a letter."""
