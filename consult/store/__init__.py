"""The consult server's tables and resources."""
