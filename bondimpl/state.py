"""The state of a bond, on which modes, monitors and the choice of the active slave look."""

from __future__ import annotations

from dataclasses import dataclass, field

from bondimpl.era import Era
from bondimpl.frames.ethernet import ZERO_MAC
from bondimpl.options import BondOptions
from bondimpl.slave import Slave


@dataclass(slots=True)
class BondState:
    """Mutable state; only `Bond` and its monitors write it. `slaves` is in the order of enslaving.

    `trying`: the slave that the ARP monitor enables while none is active, to see whether it works.
    `vlan_addresses` (6 bytes each): of VLAN devices, other than the bond's, that slaves have to hear.
    `vlan_ids`: of the VLAN devices over the bond.
    """

    name: str
    era: Era
    options: BondOptions
    slaves: dict[str, Slave] = field(default_factory=dict)
    active: Slave | None = None
    trying: Slave | None = None
    mac: bytes = ZERO_MAC
    mac_is_users: bool = False
    mtu: int = 1500
    promiscuous: bool = False
    all_multicast: bool = False
    vlan_addresses: frozenset[bytes] = frozenset()
    vlan_ids: tuple[int, ...] = ()
    admin_up: bool = False
    carrier: bool = False

    @property
    def primary(self) -> Slave | None:
        """The slave that the primary option names, when it is one of ours."""
        return self.slaves.get(self.options.primary) if self.options.primary else None

    @property
    def carrying(self) -> tuple[Slave, ...]:
        """The slaves that take part now."""
        return tuple(slave for slave in self.slaves.values() if slave.carries)

    def polls(self, delay_ms: int) -> int:
        """A delay in polls of the MII monitor; 0 without that monitor."""
        return delay_ms // self.options.miimon if self.options.miimon else 0
