"""The cases: behaviours of the HOWTO, shown on real packets."""
