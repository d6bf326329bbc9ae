"""A WordPress export into an article or a digest."""
