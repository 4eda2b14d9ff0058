"""Configuration dialects: readers, writers, apply."""
