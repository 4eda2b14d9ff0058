"""Switches of a testbed."""
