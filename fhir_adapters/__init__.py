"""Reading charts and writing answers, per EHR vendor."""
