"""Errors of the runtime room."""
