"""Durable steps of the consult server."""
