"""The sealed result of de-identification and its receipt."""
