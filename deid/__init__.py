"""Pure de-identification: no network, no database, no web framework."""
