"""A simulated EHR with a SMART authorization server."""
