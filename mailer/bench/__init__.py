"""The bench: a large edition through the real path to Postfix's smtp-sink, and what it costs beside two references."""
