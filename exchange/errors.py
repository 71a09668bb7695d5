"""Errors of the exchange room."""
