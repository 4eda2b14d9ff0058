"""Tests of the bonding driver's core, in virtual time."""
