"""HOWTO section 12: configuring bonding for high availability."""
