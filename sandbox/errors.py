"""Errors of the sandbox room."""
