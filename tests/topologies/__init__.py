"""Tests of the topologies as data."""
