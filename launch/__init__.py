"""SMART App Launch client and Backend Services client."""
