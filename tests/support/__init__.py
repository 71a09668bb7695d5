"""Builders, fakes and matchers that several tiers share."""
