"""The event loop that a worker's child runs on."""

try:
    # Quicker; optional.
    from uvloop import new_event_loop
except ImportError:
    from asyncio import new_event_loop

__all__ = ["new_event_loop"]
