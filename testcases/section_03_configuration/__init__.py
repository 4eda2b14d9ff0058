"""HOWTO section 3: configuring bonding devices."""
