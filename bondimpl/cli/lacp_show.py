"""The state of LACP as text, in the manner of `ovs-appctl lacp/show`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

_BIT_WORDS = {"synchronization": "synchronized"}


def lacp_text(shown: Mapping[str, Any]) -> str:
    """Text about one bond, given as `bondctl status --json` gives it."""
    return "".join(f"{line}\n" for line in _lines(shown))


def _lines(shown: Mapping[str, Any]) -> Iterator[str]:
    lacp, options = shown["lacp"], shown["options"]
    active = lacp["active_aggregator"]
    ports = [slave["lacp"] for slave in shown["slaves"]]
    negotiated = any(port["carries"] and port["mux"] == "distributing" for port in ports)
    yield f"---- {shown['name']} ----"
    role = "active" if options["lacp_active"] == "on" else "passive"
    yield f"  status: {role}{' negotiated' if negotiated else ''}"
    yield f"  sys_id: {lacp['system']}"
    yield f"  sys_priority: {lacp['system_priority']}"
    yield f"  lacp_time: {options['lacp_rate']}"
    if active is None:
        yield "  active aggregator: none"
    else:
        yield (
            f"  active aggregator: {active['number']} (ports with link: {active['ports']}, "
            f"key {active['actor_key']}, partner {active['partner_system']} key {active['partner_key']})"
        )
    for slave in shown["slaves"]:
        yield from _slave(slave)


def _slave(slave: Mapping[str, Any]) -> Iterator[str]:
    port = slave["lacp"]
    attached = "attached" if port["mux"] in ("attached", "collecting", "distributing") else "detached"
    yield ""
    yield f"slave: {slave['name']}: {port['receive']} {attached}"
    yield f"  aggregator: {port['aggregator'] if port['aggregator'] is not None else 'none'}"
    yield f"  mux: {port['mux']}"
    yield f"  periodic: {port['periodic']}"
    yield f"  carries traffic: {'yes' if port['carries'] else 'no'}"
    for side in ("actor", "partner"):
        info = port[side]
        yield ""
        yield f"  {side} sys_id: {info['system']}"
        yield f"  {side} sys_priority: {info['system_priority']}"
        yield f"  {side} port_id: {info['port']}"
        yield f"  {side} port_priority: {info['port_priority']}"
        yield f"  {side} key: {info['key']}"
        yield f"  {side} state: {' '.join(_BIT_WORDS.get(bit, bit) for bit in info['state'])}"
        yield f"  {side} churn: {info['churn']} ({info['churned']})"
