"""HOWTO section 11: promiscuous mode."""
