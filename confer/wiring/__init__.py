"""Settings to services, one file per program: a process imports its own side only."""
