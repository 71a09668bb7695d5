"""The doctor's app and the hospital gateway."""
