"""A NIC that has a speed and a duplex: a TAP in the place of the NIC of a host, carried to its cable.

      host                     patch panel
      eth0 (TAP) ===process=== eth0's former self ---- tap A --nft fwd--> ...

Only TAPs can be told what to say of their speed. The TAP has the name, the address, the index and the carrier
that the NIC had; captures, impairments and pulls of the cable work as before.
"""

from __future__ import annotations

import os
from typing import Literal, get_args

from lab.delay_line.ends import new_tap, sender, set_carrier
from lab.delay_line.line import TAP_MTU, open_entry
from lab.delay_line.process import Carrier, Way
from lab.errors import LabBroken, LabError
from lab.hosts.namespace import NamespaceHost
from lab.nodes import ip_batch, run_in
from lab.testbed import Testbed
from lab.topology import Port

Duplex = Literal["half", "full"]


class SpeedNic:
    """Puts a TAP in the place of a NIC that is in no bond, until the end of the testbed.

    It is as the NIC was: up or down, without addresses; 10 Mbit/s full duplex until it is told otherwise.
    Raises LabError, LabBroken, OSError.
    """

    def __init__(self, bed: Testbed, nic: Port) -> None:
        host = bed.hosts[nic.node]
        if not isinstance(host, NamespaceHost):
            raise LabError(f"{nic}: a guest's NIC cannot be told its speed")
        self.host, self.nic = host, nic
        self.cable = bed.cables[bed.topology.cable_at(nic).name]
        up, mac, index = host.interfaces.is_up(nic.name), host.mac(nic.name), host.interfaces.index(nic.name)
        inner = f"{self.cable.tap(nic)}-nic"
        self._carrier: Carrier | None = None
        self._move_away(inner)
        entry = f"{inner}-in"
        back = new_tap(self.cable.patch_pid, entry)
        try:
            open_entry(self.cable.patch_pid, entry)
            # Open vSwitch reads frames as bytes: their checksums must be finished.
            whole = any(switch.kind == "ovs" for switch in bed.topology.switches)
            self._tap = new_tap(host.pid, nic.name, index=index, super_frames=not whole)
            bed.undo.push(f"{nic}: its TAP", self._close)
            set_carrier(self._tap, False)
            with sender(self.cable.patch_pid, inner) as out:
                self._carrier = Carrier([Way(self._tap, out.fileno()), Way(back, self._tap)])
        finally:
            os.close(back)
        self._lead(inner, entry)
        ip_batch(host.pid, [f"link set dev {nic.name} address {mac} {'up' if up else 'down'}"])
        self.cable.carrier_of(nic, self._set_carrier)
        self.cable.settle()

    def set(self, mbit: int, duplex: Duplex = "full") -> None:
        """What it says of itself from now on. Raises LabError, LabBroken when it says something else."""
        if duplex not in get_args(Duplex) or mbit < 1:
            raise LabError(f"{self.nic}: no such speed: {mbit}/{duplex}")
        words = ("speed", str(mbit), "duplex", duplex, "autoneg", "off")
        self.host.run(["ethtool", "-s", self.nic.name, *words])
        if (said := self.says()) != (mbit, duplex):
            raise LabBroken(f"{self.nic}: told to be {mbit}/{duplex}, it says {said}")

    def says(self) -> tuple[int, Duplex]:
        """The speed in Mbit/s and the duplex, as ethtool reads them."""
        told = self.host.run(["ethtool", self.nic.name]).stdout
        fields = dict(line.strip().split(": ", 1) for line in told.splitlines() if ": " in line)
        duplex: Duplex = "half" if fields["Duplex"] == "Half" else "full"
        return int(fields["Speed"].removesuffix("Mb/s")), duplex

    def _set_carrier(self, up: bool) -> None:
        set_carrier(self._tap, up)

    def _move_away(self, inner: str) -> None:
        """Put the NIC into the patch panel, up."""
        ip_batch(
            self.host.pid,
            [
                f"link set dev {self.nic.name} down",
                f"link set dev {self.nic.name} name {inner} netns {self.cable.patch_pid}",
            ],
        )
        ip_batch(self.cable.patch_pid, [f"link set dev {inner} mtu {TAP_MTU} up"])

    def _lead(self, inner: str, entry: str) -> None:
        """Lead what the cable delivers into the process."""
        hook = f'type filter hook ingress device "{inner}" priority 0; policy drop'
        rules = f'table netdev {inner} {{\n chain in {{\n  {hook}\n  fwd to "{entry}"\n }}\n}}\n'
        run_in(self.cable.patch_pid, ("nft", "-f", "-"), rules)

    def _close(self) -> None:
        try:
            if self._carrier:
                self._carrier.stop()
        finally:
            os.close(self._tap)
