"""The codecs against scapy's, byte for byte, and against LACPDUs captured from other implementations."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from scapy.contrib.lacp import LACP, MarkerProtocol, SlowProtocol
from scapy.layers.l2 import Ether

from bondimpl.frames.ethernet import format_mac
from bondimpl.lacp.pdu import Info, Lacpdu, decode_lacpdu, encode_lacpdu, marker_response
from tests.lacp.test_frames import infos
from tests.lacp.wires import mac

CORPUS = Path(__file__).parent.parent / "data" / "lacp"
SOURCE = mac(1, 1)


def ethernet() -> Ether:
    return Ether(dst="01:80:c2:00:00:02", src=format_mac(SOURCE), type=0x8809)


def with_scapy(pdu: Lacpdu) -> bytes:
    sides: dict[str, int | str] = {}
    for side, info in (("actor", pdu.actor), ("partner", pdu.partner)):
        sides |= {
            f"{side}_system_priority": info.system_priority,
            f"{side}_system": format_mac(info.system),
            f"{side}_key": info.key,
            f"{side}_port_priority": info.port_priority,
            f"{side}_port_number": info.port,
            f"{side}_state": int(info.state),
        }
    return bytes(ethernet() / SlowProtocol() / LACP(collector_max_delay=pdu.max_delay, **sides))


@given(actor=infos, partner=infos)
@settings(deadline=None)
def test_lacpdus_are_scapys(actor: Info, partner: Info) -> None:
    pdu = Lacpdu(actor, partner)
    frame = with_scapy(pdu)
    assert encode_lacpdu(pdu, SOURCE) == frame
    assert decode_lacpdu(frame) == pdu


def test_a_marker_response_is_scapys() -> None:
    fields = {"requester_port": 7, "requester_system": "02:00:00:00:00:77", "requester_transaction_id": 42}
    asked = bytes(ethernet() / SlowProtocol() / MarkerProtocol(marker_type=1, **fields))
    answered = bytes(ethernet() / SlowProtocol() / MarkerProtocol(marker_type=2, **fields))
    assert marker_response(asked, SOURCE) == answered


def captures() -> list[Path]:
    return sorted(CORPUS.glob("*.hex"))


@pytest.mark.parametrize("path", captures(), ids=lambda path: path.stem)
def test_captured_lacpdus_are_read_and_written_alike(path: Path) -> None:
    frames = [bytes.fromhex(line) for line in path.read_text().split()]
    assert frames
    for frame in frames:
        pdu = decode_lacpdu(frame)
        assert pdu is not None
        assert encode_lacpdu(pdu, frame[6:12]) == frame
        assert with_scapy(pdu)[14:] == frame[14:]


def test_the_corpus_is_of_the_kernels_driver_and_open_vswitch() -> None:
    assert {path.stem for path in captures()} >= {"linux-6.1", "openvswitch-3.1"}
