"""Random faults from a seed: what must be reachable is checked after each, a failing sequence is shrunk."""
