"""The one door to the durable-execution library."""
