"""HOWTO section 9: potential trouble."""
