"""HTTP in, HTTP out: the only Flask file of the engine."""
