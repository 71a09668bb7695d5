"""PHI-side tables and the functions over them."""
