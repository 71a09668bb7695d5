"""Engine, transaction scope and pragmas."""
