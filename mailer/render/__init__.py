"""From an edition to the bytes of one person's mail: compiled once per variant, spliced per recipient."""
