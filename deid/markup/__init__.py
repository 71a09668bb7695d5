"""Markup becomes plain text."""
