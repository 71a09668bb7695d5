"""Errors of the smartapp room."""
