"""Configuration of bonds in the dialects of network scripts, old and present, read into one BondConfig."""
