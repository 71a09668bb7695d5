"""Embedded FHIR R4 REST engine, free of the web framework but for one blueprint."""
