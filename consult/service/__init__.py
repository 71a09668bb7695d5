"""Use cases of the consult server, one per file."""
