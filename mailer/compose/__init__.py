"""Editions and their texts: read from a folder, stored, checked, signed."""
