"""The laboratory: hosts, switches and cables that can be pulled, with an observer on every port."""
