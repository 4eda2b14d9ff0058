"""Parts that topologies are composed of."""

from __future__ import annotations

from lab.topology import Cable, Host, Port


def nics(count: int) -> tuple[str, ...]:
    """The names eth0, eth1, ... of `count` NICs."""
    return tuple(f"eth{i}" for i in range(count))


def station(name: str) -> Host:
    """A plain machine with one NIC."""
    return Host(name, nics(1))


def cable(a: str, b: str) -> Cable:
    """A cable between two ports written NODE:PORT; it is named after both ends."""
    ends = [Port(*end.split(":")) for end in (a, b)]
    return Cable(f"{a}--{b}".replace(":", "."), ends[0], ends[1])
