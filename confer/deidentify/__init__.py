"""De-identification of files, for `confer deid`: reading, working, counting, reporting, writing."""
