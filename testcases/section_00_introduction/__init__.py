"""Introduction and lineage (HOWTO, before section 1)."""
