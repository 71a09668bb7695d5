"""Plumbing shared by all programs."""
