"""The pages: public ones for readers, console pages for those who send."""
