"""Errors of the deid room."""
