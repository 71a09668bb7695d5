"""Errors of the fhir_server room."""
