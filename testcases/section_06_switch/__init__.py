"""HOWTO section 6: what a switch must be set to."""
