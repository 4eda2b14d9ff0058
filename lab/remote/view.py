"""What there is to see of a lab at one moment, as plain data."""

from __future__ import annotations

import json
import time
from typing import Any

from lab.bonding import Bonding
from lab.drivers.base import BondHandle
from lab.remote.desk import FaultDesk
from lab.testbed import Testbed


def look(bed: Testbed, bonding: Bonding, desk: FaultDesk) -> dict[str, Any]:
    """`at_s` (monotonic), `topology`, `bonds`, `cables`, `faults`; counters count from the start of a NIC."""
    bonds = [bond for bond in (bonding.bond, bonding.peer_bond) if bond]
    return {
        "at_s": time.monotonic(),
        "topology": bed.topology.name,
        "bonds": [_bond(bond) for bond in bonds],
        "cables": [
            {"name": cable.name, "a": str(cable.a), "b": str(cable.b), "plugged": cable.plugged}
            for cable in bed.cables.values()
        ],
        "faults": desk.in_force(),
    }


def _bond(bond: BondHandle) -> dict[str, Any]:
    status = bond.status()
    counters = _counters(bond)
    return {
        "host": bond.host.name,
        "name": bond.name,
        "mode": status.mode,
        "up": status.mii_status == "up",
        "active": status.active,
        "slaves": [
            {
                "name": slave.name,
                "up": slave.mii_status == "up",
                "failures": slave.failures,
                "speed_mbit": slave.speed_mbit,
                "aggregator": slave.aggregator_id,
                **counters.get(slave.name, {}),
            }
            for slave in status.slaves
        ],
    }


def _counters(bond: BondHandle) -> dict[str, dict[str, int]]:
    shown = json.loads(bond.host.run(["ip", "-s", "-j", "link", "show"]).stdout)
    return {
        link["ifname"]: {
            f"{way}_{what}": int(link["stats64"][way][what])
            for way in ("rx", "tx")
            for what in ("packets", "bytes")
        }
        for link in shown
    }
