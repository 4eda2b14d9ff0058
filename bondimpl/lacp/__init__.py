"""IEEE 802.3ad link aggregation (clause 43; 802.1AX): PDUs, the machines of a port, aggregator selection."""
