"""Bonding drivers under test, behind one protocol."""
