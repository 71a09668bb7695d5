"""Tables of the engine and the functions over them."""
