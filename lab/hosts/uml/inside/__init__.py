"""What runs in a guest: its first process, which sets it up and then does what the serial line asks for.

Started by the guest's kernel as `python -S -m lab.hosts.uml.inside`, from the machine's own file system; the
standard library and small parts of the lab are all it uses.
"""
