"""Vendor dialects, one file each, will live here; each is a `sandbox.dialect.Dialect`."""
