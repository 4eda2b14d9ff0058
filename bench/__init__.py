"""Measurements, each against its peers in one run."""
