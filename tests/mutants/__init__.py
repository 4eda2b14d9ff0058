"""Deliberate faults of the driver: `make mutants` shows that the cases notice each of them."""
