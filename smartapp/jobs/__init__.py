"""Durable steps of the gateway."""
