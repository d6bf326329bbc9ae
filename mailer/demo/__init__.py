"""The invented organisation that the demo sends for: its people, its editions, its mail sink."""
