"""Tests of bondfs."""
