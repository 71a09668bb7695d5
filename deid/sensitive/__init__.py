"""Content that can hurt a person although it names nobody: what it is and what is done with it."""
