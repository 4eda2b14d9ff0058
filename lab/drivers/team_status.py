"""The state of a team as `teamdctl NAME state dump` prints it, read in the bonding driver's terms. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from lab.drivers.foreign import pretty
from lab.lacp import LacpState
from lab.procfile import BondView, SlaveView
from lab.procfile_ad import AdView, AggregatorView, LacpPduView


def view(text: str, mode: str, options: Mapping[str, str]) -> BondView:
    """The team of that dump, which was made in `mode` with these options of the bonding driver."""
    dump = json.loads(text)
    slaves = tuple(_slave(name, port) for name, port in dump.get("ports", {}).items())
    return BondView(
        version=f"team, runner {dump['setup']['runner_name']}",
        mode=mode,
        pretty_mode=pretty(mode),
        mii_status="up" if any(slave.mii_status == "up" for slave in slaves) else "down",
        miimon_ms=int(options.get("miimon", 0)),
        updelay_ms=int(options.get("updelay", 0)),
        downdelay_ms=int(options.get("downdelay", 0)),
        active=dump.get("runner", {}).get("active_port") or None,
        primary=options.get("primary"),
        ad=_ad(dump) if mode == "802.3ad" else None,
        slaves=slaves,
    )


def _slave(name: str, port: Mapping[str, Any]) -> SlaveView:
    link, watches, runner = port["link"], port["link_watches"], port.get("runner", {})
    status = "up" if watches["up"] else "down"
    if link["up"] != watches["up"]:  # a delay runs
        status = "going back" if link["up"] else "going down"
    return SlaveView(
        name,
        status,
        failures=sum(watch["down_count"] for watch in watches["list"].values()),
        speed_mbit=link["speed"],
        duplex=link["duplex"],
        aggregator_id=runner["aggregator"]["id"] if runner.get("selected") else None,
        actor=_pdu(runner["actor_lacpdu_info"]) if runner else None,
        partner=_pdu(runner["partner_lacpdu_info"]) if runner else None,
    )


def _pdu(told: Mapping[str, Any]) -> LacpPduView:
    return LacpPduView(
        system_priority=told["system_priority"],
        system_mac=told["system"],
        key=told["key"],
        port_priority=told["port_priority"],
        port=told["port"],
        state=LacpState(told["state"]),
    )


def _ad(dump: Mapping[str, Any]) -> AdView:
    runners = [port["runner"] for port in dump.get("ports", {}).values() if port["runner"]["selected"]]
    aggregator = None
    if runners:
        first = runners[0]
        partner = first["partner_lacpdu_info"]
        aggregator = AggregatorView(
            first["aggregator"]["id"], len(runners), first["key"], partner["key"], partner["system"]
        )
    return AdView("fast" if dump["runner"]["fast_rate"] else "slow", aggregator)
