"""Tests of the face of iproute2."""
