"""802.3ad through the daemon: LACPDUs on the wire, answered by a partner that says yes to everything."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from bondimpl.lacp.pdu import SLOW_PROTOCOLS, Info, Lacpdu, PortState, decode_lacpdu, encode_lacpdu
from tests.runtime.lab import PATIENCE_S, Lab, Wiretap, link

pytestmark = pytest.mark.root

PARTNER = bytes.fromhex("020000000099")
IN_SYNC = (
    PortState.ACTIVITY
    | PortState.TIMEOUT
    | PortState.AGGREGATION
    | PortState.SYNCHRONIZATION
    | PortState.COLLECTING
    | PortState.DISTRIBUTING
)


@dataclass
class Partner:
    """The far ends of the slaves."""

    wires: list[Wiretap]
    heard: list[tuple[int, bytes]] = field(default_factory=list)

    def answer(self, slaves: tuple[int, ...] = (0, 1)) -> None:
        """Take what has come, and confirm the latest LACPDU of each of these slaves."""
        for number, wire in enumerate(self.wires):
            pdus = wire.frames(lambda frame: frame[:6] == SLOW_PROTOCOLS, 0)
            self.heard += [(number, frame) for frame in pdus]
            pdu = decode_lacpdu(pdus[-1]) if pdus else None
            if pdu is not None and number in slaves:
                actor = Info(65535, PARTNER, key=15, port=number + 1, state=IN_SYNC)
                wire.send(encode_lacpdu(Lacpdu(actor, replace(pdu.actor)), PARTNER))


def lacp_of(shown: dict[str, Any], slave: int) -> dict[str, Any]:
    """The LACP part of a slave in bondctl's JSON."""
    return dict(shown["slaves"][slave]["lacp"])


def test_a_partner_is_found_and_only_members_carry(lab: Lab) -> None:
    bondd = lab.bondd("--era", "6.x")
    partner = Partner([lab.listen("port0"), lab.listen("port1")])
    macs = [bytes.fromhex(link(nic)["address"].replace(":", "")) for nic in lab.nics]
    bondd.add("bond0", *lab.nics, up=False, mode="802.3ad", lacp_rate="fast")
    bondd.control.call("up", bond="bond0")
    device = lab.listen_here("bond0")
    deadline = time.monotonic() + PATIENCE_S

    def carrying() -> list[bool]:
        return [lacp_of(bondd.show(), number)["carries"] for number in (0, 1)]

    while carrying() != [True, True]:
        assert time.monotonic() < deadline, bondd.show()
        partner.answer()
    for number, frame in partner.heard:
        assert frame[6:12] == macs[number]
        assert len(frame) == 124
    shown = bondd.show()
    assert lacp_of(shown, 1)["partner"]["system"] == "02:00:00:00:00:99"
    assert lacp_of(shown, 1)["mux"] == "distributing"
    text = bondd.bondctl("lacp", "show", "bond0").stdout
    assert "slave: eth1: current attached" in text
    assert "partner sys_id: 02:00:00:00:00:99" in text
    assert "port state: 63" in bondd.bondctl("status", "bond0", "--proc").stdout
    assert "port state" not in bondd.bondctl("status", "bond0", "--proc", "--unprivileged").stdout

    # The second port falls silent: it neither sends nor delivers, the first goes on.
    while carrying() != [True, False]:
        assert time.monotonic() < deadline, bondd.show()
        partner.answer(slaves=(0,))
    other_slow = SLOW_PROTOCOLS + PARTNER + b"\x88\x09\x0a" + bytes(45)
    for wire, last in zip(partner.wires, (b"\x00", b"\x01"), strict=True):
        wire.send(b"\xff" * 6 + PARTNER + b"\x88\xb5" + last + bytes(45))
        wire.send(other_slow)
    heard = device.frames(lambda frame: frame[6:12] == PARTNER, 2)
    assert [frame[12:15] for frame in heard] == [b"\x88\xb5\x00", b"\x88\x09\x0a"]


def test_lacp_show_of_another_mode(lab: Lab) -> None:
    bondd = lab.bondd()
    bondd.add("bond0", mode="active-backup")
    refused = bondd.bondctl("lacp", "show", "bond0")
    assert (refused.returncode, refused.stderr) == (1, "bondctl: bond0: mode active-backup has no LACP\n")
    assert bondd.bondctl("lacp", "show").stdout == "no bond in mode 802.3ad\n"
