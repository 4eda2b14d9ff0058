"""A userspace wire: frames are taken from one descriptor and handed to another some time later."""
