"""Bonds of bondd as files: what sysfs and /proc have of the driver's, through FUSE."""
