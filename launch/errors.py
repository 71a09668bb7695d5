"""Errors of the launch room."""
