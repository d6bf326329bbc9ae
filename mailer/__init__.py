"""Twinletter: newsletters in two languages, and what the system knows of them."""

__version__ = "0.1.0"
