"""Campaigns: made, started, expanded into deliveries, counted, finished."""
