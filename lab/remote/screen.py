"""A lab's view as tables for the terminal."""

from __future__ import annotations

from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

_WORDS = {True: ("up", "green"), False: ("down", "bold red")}


def screen(before: dict[str, Any], now: dict[str, Any]) -> RenderableType:
    """Two looks at one lab: what is there now, and the rates between them."""
    parts: list[RenderableType] = [Text(now["topology"], style="bold")]
    passed_s = now["at_s"] - before["at_s"]
    known = {(bond["host"], slave["name"]): slave for bond in before["bonds"] for slave in bond["slaves"]}
    for bond in now["bonds"]:
        parts.append(_bond(bond, known, passed_s))
    pulled = [cable for cable in now["cables"] if not cable["plugged"]]
    parts.append(Text(f"{len(now['cables']) - len(pulled)} of {len(now['cables'])} cables plugged"))
    parts += [Text(f"  {cable['name']}: {cable['a']} - {cable['b']} pulled", style="red") for cable in pulled]
    parts.append(Text("faults in force:" if now["faults"] else "no faults in force"))
    for fault in now["faults"]:
        left = "" if fault["left_s"] is None else f", {fault['left_s']:g} s left"
        parts.append(Text(f"  {fault['number']}: {fault['text']}{left}", style="yellow"))
    return Group(*parts)


def _bond(bond: dict[str, Any], known: dict[tuple[str, str], dict[str, Any]], passed_s: float) -> Table:
    word, style = _WORDS[bond["up"]]
    table = Table(
        "slave",
        "link",
        "",
        "Mbit/s",
        "failures",
        "rx pkt/s",
        "rx Mbit/s",
        "tx pkt/s",
        "tx Mbit/s",
        title=Text.assemble(f"{bond['host']} {bond['name']} {bond['mode']} ", (word, style)),
        title_justify="left",
        box=None,
        header_style="bold",
    )
    for slave in bond["slaves"]:
        earlier = known.get((bond["host"], slave["name"]), slave)
        rates = [
            _rate(earlier, slave, key, passed_s)
            for key in ("rx_packets", "rx_bytes", "tx_packets", "tx_bytes")
        ]
        note = "active" if slave["name"] == bond["active"] else ""
        if slave["aggregator"] is not None:
            note = f"aggregator {slave['aggregator']}"
        speed = "?" if slave["speed_mbit"] is None else str(slave["speed_mbit"])
        table.add_row(slave["name"], Text(*_WORDS[slave["up"]]), note, speed, str(slave["failures"]), *rates)
    return table


def _rate(before: dict[str, Any], now: dict[str, Any], key: str, passed_s: float) -> str:
    if not passed_s or key not in now or key not in before:
        return "-"
    each = (now[key] - before[key]) / passed_s
    return f"{each * 8e-6:.2f}" if key.endswith("bytes") else f"{each:.0f}"
