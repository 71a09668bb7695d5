"""How many people share what a case still says: the residual risk, from small dated tables."""
