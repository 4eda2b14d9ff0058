"""A host that is a User-Mode Linux guest: a kernel of its own, as an ordinary process.

          node's namespace (outer half)            guest: namespace "cabling"          guest: the host
      +---------------------------------+      +-------------------------------+    +------------------+
    --| eth0 --nft fwd-- uml0 (a TAP)   |======| vec0 --tc redirect-- cable0 --|----| eth0 (veth)      |
      |                  probe0 (a TAP) |======| vecN --tc redirect-- ear0   --|----| probe0   bond0   |
      +---------------------------------+      +-------------------------------+    +------------------+
      patch cable, as of any host               the guest's own cable: `cable0`      what commands see
                                                is up while the patch cable is

A guest's NIC cannot be given a carrier from outside. So its eth0 is one end of a veth, and the other end is
switched off while the patch cable has no link; the other way round the outer eth0 is up exactly while the
guest's is. A patch cable needs to know nothing of this.

    image       where the kernel is, and whether a guest can be had here
    boot        the guest's process and console
    nudge       keeps it from missing what comes
    channel     what is said over the guest's serial line
    cabling     the outer half of the NICs
    interfaces  the guest's interfaces, asked over the serial line
    host        the Host
    inside      what runs in the guest
"""
