"""Hardened outbound HTTP."""
