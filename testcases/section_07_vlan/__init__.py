"""HOWTO section 7: VLANs over a bond."""
