"""What leaves the building: Celery workers that claim deliveries, pace them, and hand them to a server."""
