"""Tells, in a terminal, the story of a customer, a journey or a promise, and what would help."""
