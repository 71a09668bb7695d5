"""Tests of Confer, in tiers."""
