"""`confer check`: what works between Confer and one EHR, what does not, and what to change."""
