"""The specialists' desk and the FHIR inbox over HTTP."""
