"""Allow-list rules for FHIR JSON."""
