"""Link monitors (HOWTO section 8)."""
