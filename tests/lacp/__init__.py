"""Tests of link aggregation in virtual time."""
