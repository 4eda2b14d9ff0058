"""Parts that topologies are composed of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lab.topology import Cable, Host, Port, Switch


def nics(count: int) -> tuple[str, ...]:
    """The names eth0, eth1, ... of `count` NICs."""
    return tuple(f"eth{i}" for i in range(count))


def station(name: str) -> Host:
    """A plain machine with one NIC."""
    return Host(name, nics(1))


def stations(count: int, prefix: str = "station") -> tuple[Host, ...]:
    """`count` such machines: station1, station2, ..."""
    return tuple(station(f"{prefix}{i}") for i in range(1, count + 1))


def cable(a: str, b: str) -> Cable:
    """A cable between two ports written NODE:PORT; it is named after both ends."""
    ends = [Port(*end.split(":")) for end in (a, b)]
    return Cable(f"{a}--{b}".replace(":", "."), ends[0], ends[1])


def fan(host: Host, switch: str, ports: Sequence[str]) -> tuple[Cable, ...]:
    """Cables from the NICs of a host, in order, to these ports of a switch."""
    return tuple(
        cable(f"{host.name}:{nic}", f"{switch}:{port}") for nic, port in zip(host.nics, ports, strict=True)
    )


def behind(switch: str, ports: Sequence[str], machines: Sequence[Host]) -> tuple[Cable, ...]:
    """Cables from these ports of a switch to the first NIC of each machine, in order."""
    ends = zip(ports, machines, strict=True)
    return tuple(cable(f"{switch}:{port}", f"{machine.name}:{machine.nics[0]}") for port, machine in ends)


@dataclass(frozen=True, slots=True)
class Row:
    """Switches in a row: switchA, switchB, ... for the letters a, b, ..., each with these ports.

    port1 of each leads to a NIC of the host, port3 to the outside: to the NICs `outside`, in order.
    """

    letters: str
    outside: Sequence[str]
    ports: tuple[str, ...] = ("port1", "port2", "port3")
    host: str = "host1"

    @property
    def switches(self) -> tuple[Switch, ...]:
        """The switches."""
        return tuple(Switch(f"switch{letter.upper()}", self.ports) for letter in self.letters)

    @property
    def tested(self) -> Host:
        """The host, with a NIC for each switch."""
        return Host(self.host, nics(len(self.letters)))

    @property
    def legs(self) -> tuple[Cable, ...]:
        """The cables from the host to each switch, eth0 to the first."""
        return tuple(cable(f"{self.host}:eth{i}", f"{s.name}:port1") for i, s in enumerate(self.switches))

    @property
    def uplinks(self) -> tuple[Cable, ...]:
        """The cables from each switch to the outside."""
        return tuple(
            cable(f"{s.name}:port3", end) for s, end in zip(self.switches, self.outside, strict=True)
        )

    @property
    def roles(self) -> Mapping[str, str]:
        """host, switch_a ..., uplink_a ...; of the first of these, peer_link too."""
        parts = zip(self.letters, self.switches, self.uplinks, strict=True)
        named = {
            f"{what}_{letter}": it.name
            for letter, switch, uplink in parts
            for what, it in (("switch", switch), ("uplink", uplink))
        }
        return {"host": self.host, **named, "peer_link": self.uplinks[0].name}
