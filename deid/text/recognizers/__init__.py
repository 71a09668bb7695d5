"""Independent recognizers; each reads a TextView and yields findings."""
