"""Machines of a testbed."""
