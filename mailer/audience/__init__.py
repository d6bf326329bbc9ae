"""The people an edition may go to: addresses, providers, enrolment, and who is meant at a moment."""
