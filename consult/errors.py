"""Errors of the consult room."""
