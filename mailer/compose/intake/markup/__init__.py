"""From HTML to the Markdown that an edition holds; what was odd on the way is noted."""
