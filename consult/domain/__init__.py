"""Pure rules of the consult service."""
