"""Unit and simulation tests."""
