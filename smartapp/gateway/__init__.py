"""Hospital-side use cases, one per file."""
