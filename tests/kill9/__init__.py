"""Runs that are killed at any moment, with SIGKILL: nothing of them is left, and the next one is as ever."""
