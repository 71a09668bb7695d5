"""Search parameters: from query text to clauses, index values and SQL."""
