"""Bonding Driver Installation (HOWTO section 1)."""
