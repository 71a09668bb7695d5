"""Walks one case through the three programs over HTTP, as a browser would."""
