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

from collections.abc import Iterator
from typing import Literal

from lab.errors import TopologyError
from lab.topology import Cable, Host, Switch, Topology
from topologies.parts import cable, nics, station

Module = Literal["esm", "opm"]
MAX_BLADES = 14


def build(modules: tuple[Module, Module] = ("esm", "esm"), blades: int = 2) -> Topology:
    """A chassis with `blades` blades (1 to 14) and these I/O modules. Raises TopologyError."""
    if not 1 <= blades <= MAX_BLADES:
        raise TopologyError(f"bladecenter: {blades} blades; a chassis takes 1 to {MAX_BLADES}")
    names = [f"blade{i}" for i in range(1, blades + 1)]

    def wired(ports: tuple[str, ...]) -> Iterator[tuple[str, str]]:
        return zip(names, ports, strict=True)

    cables: list[Cable] = []
    esms: list[Switch] = []
    external: list[str] = []
    reached: list[str] = []
    uplinks: dict[str, str] = {}
    for bay, (kind, letter) in enumerate(zip(modules, "ab", strict=True), start=1):
        nic = f"eth{bay - 1}"
        if kind == "esm":
            esm = f"esm{bay}"
            inner = tuple(f"b{i}" for i in range(1, blades + 1))
            esms.append(Switch(esm, (*inner, "up", "mm")))
            cables += [cable(f"{blade}:{nic}", f"{esm}:{port}") for blade, port in wired(inner)]
            uplink = cable(f"{esm}:up", f"ext:m{bay}")
            cables.append(uplink)
            external.append(f"m{bay}")
            uplinks[f"uplink_{letter}"] = uplink.name
            reached.append(esm)
        else:
            outer = tuple(f"m{bay}b{i}" for i in range(1, blades + 1))
            cables += [cable(f"{blade}:{nic}", f"ext:{port}") for blade, port in wired(outer)]
            external += outer
            reached.append("ext")
    peer_link = cable("ext:s1", "station1:eth0")
    cables += [peer_link, cable("ext:s2", "station2:eth0"), cable(f"{reached[0]}:mm", "mm:eth0")]
    return Topology(
        name=f"bladecenter:{_variant(modules)}",
        summary=f"BladeCenter, {blades} blades, I/O modules {' + '.join(m.upper() for m in modules)}",
        picture=__doc__ or "",
        hosts=(
            *(Host(blade, nics(len(modules))) for blade in names),
            station("station1"),
            station("station2"),
            station("mm"),
        ),
        switches=(*esms, Switch("ext", (*external, "s1", "s2", "mm"))),
        cables=tuple(cables),
        roles={
            "host": "blade1",
            "peer": "station1",
            "peer_b": "station2",
            "switch_a": reached[0],
            "switch_b": reached[1],
            "external": "ext",
            "management": "mm",
            "peer_link": peer_link.name,
            **({"neighbour": "blade2"} if blades > 1 else {}),
            **uplinks,
        },
        traits=frozenset({"chassis", *modules}),
    )


def _variant(modules: tuple[Module, ...]) -> str:
    return modules[0] if len(set(modules)) == 1 else "mixed"
