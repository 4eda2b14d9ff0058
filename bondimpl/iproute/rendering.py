"""Puts bonds and slaves into what the real `ip` prints, as text and as JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from bondimpl.iproute.sections import Section

# Before these, in ip's order of flags, stand MASTER and SLAVE.
_LATER = (
    *("DEBUG", "DYNAMIC", "AUTOMEDIA", "PORTSEL", "NOTRAILERS"),
    *("UP", "LOWER_UP", "DORMANT", "ECHO", "M-DOWN"),
)
_HEAD = re.compile(r"^\d+: ([^:@\s]+)(?:@\S+)?: <")
_BRIEF_NAME = re.compile(r"^([^@\s]+)")
_FLAGS = re.compile(r"<([A-Z0-9_,-]*)>")
_TUN = re.compile(r"tun type tap .*?(?=addrgenmode |numtxqueues |$)")
_AFTER_KIND = re.compile(r"(?=addrgenmode |numtxqueues )")


def json_text(links: Sequence[Mapping[str, Any]], *, pretty: bool) -> str:
    """As `ip -j` prints it, with `pretty` indented."""
    if pretty:
        return json.dumps(links, indent=4) + "\n"
    return json.dumps(links, separators=(",", ":")) + "\n"


def with_bonds(link: Mapping[str, Any], known: Mapping[str, Section]) -> dict[str, Any]:
    """A link of `ip -j` with what is known of it. Details only where ip gives details."""
    section = known.get(link.get("ifname", ""))
    if section is None:
        return dict(link)
    detailed = "min_mtu" in link
    found: dict[str, Any] = {}
    for key, value in link.items():
        if key == "inet6_addr_gen_mode" or key == "num_tx_queues":
            _put_details(found, link, section, detailed=detailed)
        if key != "linkinfo":
            found[key] = _flags(value, section.flag) if key == "flags" else value
        if key == "qdisc" and section.master:
            found["master"] = section.master
    return found


def _put_details(found: dict[str, Any], link: Mapping[str, Any], section: Section, *, detailed: bool) -> None:
    if not detailed or "linkinfo" in found:
        return
    data = section.as_json()
    if section.master:
        slave = {"info_slave_kind": "bond", "info_slave_data": data}
        found["linkinfo"] = dict(link.get("linkinfo", {})) | slave
    else:
        found["linkinfo"] = {"info_kind": "bond", "info_data": data}


def _flags(flags: Sequence[str], flag: str) -> list[str]:
    at = next((i for i, each in enumerate(flags) if each in _LATER), len(flags))
    return [*flags[:at], flag, *flags[at:]]


def text_with_bonds(text: str, known: Mapping[str, Section], *, details: bool, oneline: bool) -> str:
    """The same for text."""
    return "".join(
        _block(block, known[name], details=details, oneline=oneline) if name in known else block
        for name, block in blocks(text)
    )


def brief_with_bonds(text: str, known: Mapping[str, Section]) -> str:
    """The same for the lines of `ip -brief`."""
    lines = []
    for line in text.splitlines(keepends=True):
        name = _BRIEF_NAME.match(line)
        section = known.get(name.group(1)) if name else None
        lines.append(_line_flags(line, section.flag) if section else line)
    return "".join(lines)


def blocks(text: str) -> Iterator[tuple[str, str]]:
    """(name of the interface, its lines); '' for lines before the first."""
    name, lines = "", list[str]()
    for line in text.splitlines(keepends=True):
        head = _HEAD.match(line)
        if head:
            if lines:
                yield name, "".join(lines)
            name, lines = head.group(1), []
        lines.append(line)
    if lines:
        yield name, "".join(lines)


def brief_name(line: str) -> str:
    """Of which interface a line of `ip -brief` is."""
    name = _BRIEF_NAME.match(line)
    return name.group(1) if name else ""


def _block(block: str, section: Section, *, details: bool, oneline: bool) -> str:
    block = _line_flags(block, section.flag)
    if section.master:
        block = re.sub(r"( qdisc \S+)", rf"\1 master {section.master}", block, count=1)
    if not details:
        return block
    if section.master:
        newline = "\\" if oneline else "\n"
        return _AFTER_KIND.sub(lambda _: f"{newline}    {section.as_text()}", block, count=1)
    return _TUN.sub(lambda _: section.as_text(), block, count=1)


def _line_flags(text: str, flag: str) -> str:
    def put(match: re.Match[str]) -> str:
        return f"<{','.join(_flags(match.group(1).split(','), flag))}>"

    return _FLAGS.sub(put, text, count=1)
