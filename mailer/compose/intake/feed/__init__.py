"""Feeds into a digest."""
