"""Errors of the fhir_adapters room."""
