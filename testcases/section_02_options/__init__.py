"""HOWTO section 2: bonding driver options."""
