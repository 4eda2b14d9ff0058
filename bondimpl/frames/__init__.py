"""Codecs of the frames the driver reads and makes."""
