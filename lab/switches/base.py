"""The Switch protocol: port groups (static or LACP), ports, spanning tree, VLANs, MAC table, counters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal, Protocol, get_args

from lab.errors import LabError
from lab.lacp import CARRYING, LacpState

GroupPolicy = Literal["xor-mac", "xor-ip", "round-robin"]
LacpMode = Literal["active", "passive"]
KEYS = range(100, 1000)
"""LACP keys that a port may be given; the ones below are for the groups."""
VLANS = range(1, 4095)
"""Ids of VLANs (IEEE 802.1Q)."""


@dataclass(frozen=True, slots=True)
class Learned:
    """A row of the MAC table. `port` is a port name or the name of a trunk group."""

    mac: str
    port: str


@dataclass(frozen=True, slots=True)
class PortCounters:
    """What a port has received from its cable and sent into it since it was made, in frames and bytes.

    With offloads, a frame counted here may be several on a real wire (up to 64 KiB of TCP at once).
    """

    received: int
    sent: int
    received_bytes: int
    sent_bytes: int


@dataclass(frozen=True, slots=True)
class Lacp:
    """How a switch speaks LACP on the ports of a group.

    fast: it asks its partner for a LACPDU every second, and times out after three. keys: by port, aggregation
    keys (100 to 999) of ports that must not aggregate with the rest. Raises LabError.
    """

    mode: LacpMode = "active"
    fast: bool = False
    keys: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "keys", MappingProxyType(dict(self.keys)))
        if self.mode not in get_args(LacpMode):
            raise LabError(f"LACP mode {self.mode!r}: must be one of {', '.join(get_args(LacpMode))}")
        if bad := {port: key for port, key in self.keys.items() if key not in KEYS}:
            raise LabError(f"LACP keys {bad}: must be from {KEYS.start} to {KEYS.stop - 1}")


@dataclass(frozen=True, slots=True)
class LacpPort:
    """A member of an LACP group as the switch itself sees it.

    `attached`: it has a partner, and is one of the ports aggregated towards it. `system` and `partner_system`
    are addresses, aa:bb:cc:dd:ee:ff; that of the partner is lab.lacp.NO_SYSTEM while there is none.
    """

    port: str
    attached: bool
    system: str
    partner_system: str
    actor_state: LacpState
    partner_state: LacpState

    @property
    def carries(self) -> bool:
        """Whether both ends say that frames pass, both ways."""
        return self.attached and CARRYING in self.actor_state & self.partner_state


class Switch(Protocol):
    """A switch of the testbed."""

    name: str
    ports: tuple[str, ...]

    def group(
        self, name: str, ports: Sequence[str], policy: GroupPolicy = "xor-mac", lacp: Lacp | None = None
    ) -> None:
        """Make a trunk group (etherchannel) of `ports`: static, or with `lacp` an 802.3ad aggregation.

        `policy` spreads frames towards the host. Raises LabError.
        """

    def ungroup(self, name: str) -> None:
        """Dissolve a trunk group; its ports are plain ports again."""

    @property
    def groups(self) -> Mapping[str, tuple[str, ...]]:
        """The ports of each trunk group, by its name, whether they take part or not."""

    def members(self, name: str) -> tuple[str, ...]:
        """The ports of a group that take part at present: those with carrier, and with LACP a partner."""

    def lacp_ports(self, name: str) -> tuple[LacpPort, ...]:
        """The switch's own view of each port of an LACP group. Raises LabError."""

    def port_admin(self, port: str, up: bool) -> None:
        """Enable or disable a port; the far end of its cable sees the carrier follow."""

    def forwards(self, port: str) -> bool:
        """Whether frames pass the port (for a member of a group: whether it takes part)."""

    def spanning_tree(self, on: bool) -> None:
        """Switch spanning tree on, with the shortest delay that there is, or off.

        With it a port that comes up forwards only some seconds later; those that are up may pause, too.
        """

    def vlan(self, port: str, access: int | None = None, trunk: Sequence[int] = ()) -> None:
        """Put a port, or a group by its name, into VLANs (1 to 4094); with none given, out of all of them.

        access: what comes without a tag belongs to this VLAN, whose frames leave without one. trunk: VLANs
        whose frames come and leave with their tag. Frames of other VLANs do not pass. A port that joins or
        leaves a group is as one that was never in a VLAN. Raises LabError.
        """

    def counters(self, port: str) -> PortCounters:
        """What the port has received and sent. Raises LabError."""

    def mac_table(self) -> tuple[Learned, ...]:
        """The learned addresses (not the switch's own)."""

    def flush(self) -> None:
        """Forget all learned addresses."""
