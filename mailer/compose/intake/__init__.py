"""What arrives from elsewhere: each importer makes a draft of it and says what looked odd; nothing is saved here."""
