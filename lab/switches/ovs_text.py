"""What `ovs-appctl` of Open vSwitch 3 prints, read into data. It has no other format for these."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lab.errors import LabError
from lab.lacp import NO_SYSTEM, LacpState
from lab.switches.base import LacpPort

_MEMBER = re.compile(r"^member: (?P<port>\S+): \w+ (?P<attached>attached|detached)$", re.M)
_ENABLED = re.compile(r"^member (\S+): enabled$", re.M)
_LEARNED = re.compile(r"^ *(?P<port>\S+) +\d+ +(?P<mac>[0-9a-f:]{17}) +\S+$", re.M)
_FORWARDING = re.compile(r"^ +(\S+) +\w+ +Forwarding +\d+ ", re.M)

_STATES = {
    "activity": LacpState.ACTIVITY,
    "timeout": LacpState.TIMEOUT,
    "aggregation": LacpState.AGGREGATION,
    "synchronized": LacpState.SYNCHRONIZATION,
    "collecting": LacpState.COLLECTING,
    "distributing": LacpState.DISTRIBUTING,
    "defaulted": LacpState.DEFAULTED,
    "expired": LacpState.EXPIRED,
}


def lacp_ports(text: str) -> Iterator[LacpPort]:
    """The members that `lacp/show GROUP` lists. Raises LabError when it cannot be read."""
    heads = list(_MEMBER.finditer(text))
    ends = [head.start() for head in heads[1:]] + [len(text)]
    for head, end in zip(heads, ends, strict=True):
        lines = (line.partition(":") for line in text[head.end() : end].splitlines())
        fields = {label.strip(): value.strip() for label, _, value in lines}
        try:
            yield LacpPort(
                port=head["port"],
                # While it waits for a first LACPDU, Open vSwitch calls the port attached, too.
                attached=head["attached"] == "attached" and fields["partner sys_id"] != NO_SYSTEM,
                system=fields["actor sys_id"],
                partner_system=fields["partner sys_id"],
                actor_state=_state(fields["actor state"]),
                partner_state=_state(fields["partner state"]),
            )
        except KeyError as error:
            raise LabError(f"lacp/show of {head['port']}: nothing known as {error}:\n{text}") from error


def enabled_members(text: str) -> frozenset[str]:
    """The members that take part, in the text of `bond/show GROUP`."""
    return frozenset(_ENABLED.findall(text))


def learned(text: str) -> Iterator[tuple[str, str]]:
    """Address and port number (of a group that of one of its members) in the text of `fdb/show BRIDGE`.

    What the switch itself has sent is left out.
    """
    return ((row["mac"], row["port"]) for row in _LEARNED.finditer(text) if row["port"] != "LOCAL")


def forwarding(text: str) -> frozenset[str]:
    """The ports that forward, in the text of `rstp/show BRIDGE`."""
    return frozenset(_FORWARDING.findall(text))


def _state(words: str) -> LacpState:
    state = LacpState(0)
    for word in words.split():
        state |= _STATES[word]
    return state
