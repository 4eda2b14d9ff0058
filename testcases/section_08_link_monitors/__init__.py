"""HOWTO section 8: link monitoring."""
