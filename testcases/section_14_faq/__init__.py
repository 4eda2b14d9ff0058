"""HOWTO section 14: frequently asked questions."""
