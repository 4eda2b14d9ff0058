"""The Switch protocol: port groups, port admin, MAC table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

GroupPolicy = Literal["xor-mac", "xor-ip", "round-robin"]


@dataclass(frozen=True, slots=True)
class Learned:
    """A row of the MAC table. `port` is a port name or the name of a trunk group."""

    mac: str
    port: str


class Switch(Protocol):
    """A switch of the testbed."""

    name: str
    ports: tuple[str, ...]

    def group(self, name: str, ports: Sequence[str], policy: GroupPolicy = "xor-mac") -> None:
        """Make a static trunk group (etherchannel) of `ports`; `policy` spreads frames towards the host."""

    def ungroup(self, name: str) -> None:
        """Dissolve a trunk group; its ports are plain ports again."""

    def members(self, name: str) -> tuple[str, ...]:
        """The ports of a group that take part at present: those with carrier."""

    def port_admin(self, port: str, up: bool) -> None:
        """Enable or disable a port; the far end of its cable sees the carrier follow."""

    def forwards(self, port: str) -> bool:
        """Whether frames pass the port (for a member of a group: whether it takes part)."""

    def mac_table(self) -> tuple[Learned, ...]:
        """The learned addresses (not the switch's own)."""

    def flush(self) -> None:
        """Forget all learned addresses."""
