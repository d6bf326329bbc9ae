"""What comes back after the sending, and its consequences."""
