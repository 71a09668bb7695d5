"""What differs from one EHR vendor to the next."""
