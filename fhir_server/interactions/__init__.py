"""The FHIR interactions as plain functions, free of any web framework."""
