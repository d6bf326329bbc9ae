"""A page into a syndicated article."""
