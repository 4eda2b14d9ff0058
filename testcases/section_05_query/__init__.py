"""HOWTO section 5: asking the driver how it is."""
