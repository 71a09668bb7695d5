"""The wire contract between a hospital gateway and the consult server."""
