"""The consult server: FHIR inbox, routing and the specialists' desk."""
