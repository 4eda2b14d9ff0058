"""An IBM BladeCenter chassis (HOWTO section 13.1).

Every blade's eth0 is wired to I/O module 1, its eth1 to I/O module 2; with a daughter card its eth2 to
module 3, its eth3 to module 4. A module is an Ethernet Switch Module (ESM: a switch inside the chassis) or
an Optical Passthrough Module (OPM: each blade port goes straight through to a port of the external switch).

  chassis                                            outside
  +--------------------------------------------+
  |  +--------+ eth0     +-----------------+   |
  |  | blade1 +----------+ I/O module 1    |   |     +----------+     +----------+
  |  |        +-------+  | esm1, or OPM    +---------+   ext    +-----+ station1 |  peer
  |  +--------+ eth1  |  +--+-----------+--+   |     | external |     +----------+
  |   (host)          |     |           |      |     |  switch  |     +----------+
  |  +--------+ eth0  | +---+  +--------+--+   |     |          +-----+ station2 |  peer_b
  |  | blade2 +-------|-+      | mm        |   |     |          |     +----------+
  |  |        +-----+ |        | (SoL)     |   |     |          |
  |  +--------+ eth1| |  +-----+-----------+   |     |          |
  |      ...        | +--+ I/O module 2    |   |     |          |
  |                 +----+ esm2, or OPM    +---------+          |
  |                      +-----------------+   |     +----------+
  +--------------------------------------------+
variants   esm: modules 1 and 2 are ESMs      (switch_a = esm1, switch_b = esm2)
           opm: both are OPMs                 (switch_a = switch_b = ext)
           mixed: module 1 ESM, module 2 OPM  (switch_a = esm1, switch_b = ext)
           linked: as esm, a link between the ESMs (isl) instead of a common external switch:
                   station1 is outside module 1, station2 outside module 2 (the network of section 12.2)
           apart: as linked, without the link: two networks that meet nowhere
           card: as esm, with daughter cards: modules 3 and 4 are ESMs, too (switch_c, switch_d)
           full: as esm, with all 14 blades

Serial over LAN (SoL) ends at the management module `mm`, which hears eth0 of the blades only:
it hangs on module 1, or on the external switch where module 1 passes through.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal

from lab.errors import TopologyError
from lab.topology import Cable, Host, Switch, Topology
from topologies.parts import cable, nics, station

Module = Literal["esm", "opm"]
MAX_BLADES = 14
MAX_MODULES = 4
LETTERS = "abcd"


@dataclass(frozen=True, slots=True)
class Bay:
    """An I/O module in bay `number` (from 1) of a chassis; bay 1 serves eth0 of all blades, bay 2 eth1 ...

    `external` is the switch outside that it leads to.
    """

    number: int
    module: Module
    blades: tuple[str, ...]
    external: str

    @property
    def esm(self) -> Switch | None:
        """The switch inside, if it is one: ports for each blade, outwards, for management, for links."""
        if self.module == "opm":
            return None
        return Switch(
            f"esm{self.number}", (*(f"b{i + 1}" for i in range(len(self.blades))), "up", "mm", "l1", "l2")
        )

    @property
    def reaches(self) -> str:
        """The switch on which the blades' cables end."""
        return self.esm.name if self.esm else self.external

    @property
    def inner_cables(self) -> tuple[Cable, ...]:
        """From the blades to that switch."""
        port = "b{}" if self.esm else f"m{self.number}b{{}}"
        return tuple(
            cable(f"{blade}:eth{self.number - 1}", f"{self.reaches}:{port.format(i)}")
            for i, blade in enumerate(self.blades, start=1)
        )

    @property
    def uplink(self) -> Cable | None:
        """From an ESM to the external switch."""
        return cable(f"{self.esm.name}:up", f"{self.external}:m{self.number}") if self.esm else None

    @property
    def external_ports(self) -> tuple[str, ...]:
        """The ports that the module needs on the external switch."""
        ends = (self.uplink,) if self.uplink else self.inner_cables
        return tuple(c.b.name for c in ends)


@dataclass(frozen=True, slots=True)
class Outside:
    """What is outside of a chassis: switches, cables to it and there, and the ports for two stations."""

    switches: tuple[Switch, ...]
    uplinks: tuple[Cable, ...]
    sockets: tuple[str, ...]


def common(bays: Sequence[Bay]) -> Outside:
    """One external switch, at which all modules' networks converge."""
    ports = (*(port for bay in bays for port in bay.external_ports), "s1", "s2", "mm")
    name = bays[0].external
    uplinks = tuple(bay.uplink for bay in bays if bay.uplink)
    return Outside((Switch(name, ports),), uplinks, (f"{name}:s1", f"{name}:s2"))


def apart(bays: Sequence[Bay]) -> Outside:
    """A network of its own outside each module: a station straight at an ESM, a switch for an OPM."""
    passed = [bay for bay in bays if not bay.esm]
    switches = tuple(Switch(bay.external, (*bay.external_ports, "s1", "mm")) for bay in passed)
    return Outside(
        switches, (), tuple(f"{bay.esm.name}:up" if bay.esm else f"{bay.external}:s1" for bay in bays)
    )


def links(bays: Sequence[Bay]) -> dict[str, Cable]:
    """Cables from each ESM to the next, by role: isl, isl_2, ..."""
    esms = [bay.esm.name for bay in bays if bay.esm]
    made = [cable(f"{one}:l2", f"{other}:l1") for one, other in pairwise(esms)]
    return {"isl" if number == 1 else f"isl_{number}": it for number, it in enumerate(made, start=1)}


def build(
    modules: Sequence[Module] = ("esm", "esm"),
    blades: int = 2,
    *,
    converge: bool = True,
    joined: bool = False,
) -> Topology:
    """A chassis with `blades` blades (1 to 14) and these I/O modules (1 to 4).

    converge: all modules lead to one external switch; otherwise each to a network of its own. joined: the
    ESMs are linked, each to the next. Raises TopologyError.
    """
    _check(modules, blades, converge, joined)
    names = tuple(f"blade{i}" for i in range(1, blades + 1))
    bays = [
        Bay(number, module, names, "ext" if converge else f"ext{number}")
        for number, module in enumerate(modules, start=1)
    ]
    outside = common(bays) if converge else apart(bays)
    isls = links(bays) if joined else {}
    to_stations = [cable(end, f"station{number}:eth0") for number, end in enumerate(outside.sockets, start=1)]
    ways_out = outside.uplinks if converge else to_stations
    uplinks = {
        f"uplink_{LETTERS[bay.number - 1]}": c for bay in bays for c in ways_out if bay.reaches == c.a.node
    }
    return Topology(
        name=f"bladecenter:{modules[0] if len(set(modules)) == 1 else 'mixed'}",
        summary=f"BladeCenter, {blades} blades, I/O modules {' + '.join(m.upper() for m in modules)}",
        picture=__doc__ or "",
        hosts=(
            *(Host(blade, nics(len(modules))) for blade in names),
            *(station(c.b.node) for c in to_stations),
            station("mm"),
        ),
        switches=(*(bay.esm for bay in bays if bay.esm), *outside.switches),
        cables=(
            *(c for bay in bays for c in bay.inner_cables),
            *outside.uplinks,
            *isls.values(),
            *to_stations,
            cable(f"{bays[0].reaches}:mm", "mm:eth0"),
        ),
        roles={
            "host": "blade1",
            "peer": "station1",
            **({"peer_b": "station2"} if len(to_stations) > 1 else {}),
            **{f"switch_{LETTERS[bay.number - 1]}": bay.reaches for bay in bays},
            "management": "mm",
            "peer_link": to_stations[0].name,
            **({"external": "ext"} if converge else {}),
            **({"neighbour": "blade2"} if blades > 1 else {}),
            **{role: uplink.name for role, uplink in (uplinks | isls).items()},
        },
        traits=frozenset({"chassis", *modules}),
    )


def special(name: str, summary: str, chassis: Topology) -> Topology:
    """The chassis as the variant of that name, which shows only cases that need this very trait."""
    return replace(
        chassis,
        name=f"bladecenter:{name}",
        summary=f"{chassis.summary}, {summary}",
        traits=chassis.traits | {name},
        only_for=frozenset({name}),
    )


def linked() -> Topology:
    """Two ESMs, joined."""
    return special("linked", "the ESMs linked", build(converge=False, joined=True))


def unlinked() -> Topology:
    """Two ESMs whose networks meet nowhere."""
    return special("apart", "two networks", build(converge=False))


def with_card() -> Topology:
    """Four modules, blades with daughter cards."""
    return special("card", "daughter cards", build(["esm"] * MAX_MODULES))


def full() -> Topology:
    """All the blades that there is room for."""
    return special("full", "all there is room for", build(blades=MAX_BLADES))


def _check(modules: Sequence[Module], blades: int, converge: bool, joined: bool) -> None:
    if not 1 <= blades <= MAX_BLADES:
        raise TopologyError(f"bladecenter: {blades} blades; a chassis takes 1 to {MAX_BLADES}")
    if not 1 <= len(modules) <= MAX_MODULES:
        raise TopologyError(f"bladecenter: {len(modules)} I/O modules; a chassis takes 1 to {MAX_MODULES}")
    if joined and modules.count("esm") < 2:
        raise TopologyError("bladecenter: joined modules: it takes two switch modules (esm)")
    if joined and converge:
        raise TopologyError("bladecenter: switch modules joined inside and outside the chassis are a loop")
