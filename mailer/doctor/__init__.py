"""Whether an installation is fit to send: looked at before the first mail, read only, with advice for what is not."""
