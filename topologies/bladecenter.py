"""An IBM BladeCenter chassis (HOWTO section 13.1).

Every blade's eth0 is wired to I/O module 1, its eth1 to I/O module 2. A module is an Ethernet Switch
Module (ESM: a switch inside the chassis) or an Optical Passthrough Module (OPM: each blade port goes
straight through to a port of the external switch).

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

Serial over LAN (SoL) ends at the management module `mm`, which hears eth0 of the blades only:
it hangs on module 1, or on the external switch where module 1 passes through.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from lab.errors import TopologyError
from lab.topology import Cable, Host, Switch, Topology
from topologies.parts import cable, nics, station

Module = Literal["esm", "opm"]
MAX_BLADES = 14
EXTERNAL = "ext"


@dataclass(frozen=True, slots=True)
class Bay:
    """An I/O module in bay `number` (from 1) of a chassis; bay 1 serves eth0 of all blades, bay 2 eth1."""

    number: int
    module: Module
    blades: tuple[str, ...]

    @property
    def esm(self) -> Switch | None:
        """The switch inside, if it is one: a port for each blade, one outwards, one for management."""
        if self.module == "opm":
            return None
        return Switch(f"esm{self.number}", (*(f"b{i + 1}" for i in range(len(self.blades))), "up", "mm"))

    @property
    def reaches(self) -> str:
        """The switch on which the blades' cables end."""
        return self.esm.name if self.esm else EXTERNAL

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
        return cable(f"{self.esm.name}:up", f"{EXTERNAL}:m{self.number}") if self.esm else None

    @property
    def external_ports(self) -> tuple[str, ...]:
        """The ports that the module needs on the external switch."""
        ends = (self.uplink,) if self.uplink else self.inner_cables
        return tuple(c.b.name for c in ends)


def build(
    modules: tuple[Module, Module] = ("esm", "esm"), blades: int = 2, external: bool = True
) -> Topology:
    """A chassis with `blades` blades (1 to 14), these I/O modules, with or without an external switch.

    Raises TopologyError.
    """
    if not 1 <= blades <= MAX_BLADES:
        raise TopologyError(f"bladecenter: {blades} blades; a chassis takes 1 to {MAX_BLADES}")
    if not external and "opm" in modules:
        raise TopologyError("bladecenter: a passthrough module (opm) needs the external switch")
    names = tuple(f"blade{i}" for i in range(1, blades + 1))
    bays = [Bay(number, module, names) for number, module in enumerate(modules, start=1)]
    switches = [bay.esm for bay in bays if bay.esm]
    cables = [c for bay in bays for c in bay.inner_cables]
    uplinks = {f"uplink_{'ab'[bay.number - 1]}": bay.uplink for bay in bays if bay.uplink and external}
    if external:
        ports = (*(port for bay in bays for port in bay.external_ports), "s1", "s2", "mm")
        switches.append(Switch(EXTERNAL, ports))
        outward = (f"{EXTERNAL}:s1", f"{EXTERNAL}:s2")
    else:
        outward = ("esm1:up", "esm2:up")
    peer_link = cable(outward[0], "station1:eth0")
    cables += [*uplinks.values(), peer_link, cable(outward[1], "station2:eth0")]
    cables.append(cable(f"{bays[0].reaches}:mm", "mm:eth0"))
    return Topology(
        name=f"bladecenter:{modules[0] if len(set(modules)) == 1 else 'mixed'}",
        summary=f"BladeCenter, {blades} blades, I/O modules {' + '.join(m.upper() for m in modules)}",
        picture=__doc__ or "",
        hosts=(
            *(Host(blade, nics(len(modules))) for blade in names),
            station("station1"),
            station("station2"),
            station("mm"),
        ),
        switches=tuple(switches),
        cables=tuple(cables),
        roles={
            "host": "blade1",
            "peer": "station1",
            "peer_b": "station2",
            "switch_a": bays[0].reaches,
            "switch_b": bays[1].reaches,
            "management": "mm",
            "peer_link": peer_link.name,
            **({"external": EXTERNAL} if external else {}),
            **({"neighbour": "blade2"} if blades > 1 else {}),
            **{role: uplink.name for role, uplink in uplinks.items()},
        },
        traits=frozenset({"chassis", *modules}),
    )
