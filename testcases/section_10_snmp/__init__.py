"""HOWTO section 10: SNMP agents."""
