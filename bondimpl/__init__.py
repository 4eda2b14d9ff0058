"""A complete userspace implementation of the Linux Ethernet bonding driver, as its HOWTO documents it."""

HOWTO_REVISION = "2.6.12 (Documentation/networking/bonding.txt)"
