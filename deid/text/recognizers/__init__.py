"""One recognizer per kind of identifier, independent of one another."""
