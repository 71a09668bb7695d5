"""Charts of other FHIR releases, converted to R4 resource by resource (pure).

Tables say what becomes of each element; what R4 has no place for is dropped and named, so
that the section shows as incomplete. Nothing is invented: where R4 demands a value that the
source does not have, its own code for "unknown" is used, or the resource is dropped.
"""
