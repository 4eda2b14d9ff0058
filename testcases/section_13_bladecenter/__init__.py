"""HOWTO section 13: IBM BladeCenter."""
