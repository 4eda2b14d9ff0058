"""Ethernet frames as the lab sends and judges them: fast matchers on raw bytes, and builders.

Matchers look through 802.1Q tags and answer None or False on frames too short to say. MAC addresses are
text (aa:bb:cc:dd:ee:ff), IPv4 addresses dotted text, VLAN ids 0 to 4095. For people, `describe` has scapy
dissect a frame.
"""

from __future__ import annotations

import socket
import struct
from dataclasses import dataclass

BROADCAST = "ff:ff:ff:ff:ff:ff"
ETH_IP, ETH_ARP, ETH_VLAN, ETH_SLOW, ETH_LOOP = 0x0800, 0x0806, 0x8100, 0x8809, 0x9000
ARP_REQUEST, ARP_REPLY = 1, 2

PROBE_MAGIC = b"BLab"
PROBE_PORT = 9001  # "discard" of the lab: nobody listens
_PROBE = struct.Struct("!4sII")
_ARP = struct.Struct("!HHBBH6s4s6s4s")
MIN_PROBE = 14 + 20 + 8 + _PROBE.size  # bytes, without a tag


def mac_bytes(mac: str) -> bytes:
    """Six bytes. Raises ValueError."""
    raw = bytes.fromhex(mac.replace(":", ""))
    if len(raw) != 6:
        raise ValueError(f"not a MAC address: {mac!r}")
    return raw


def dst_mac(frame: bytes) -> str:
    """Destination address."""
    return frame[:6].hex(":")


def src_mac(frame: bytes) -> str:
    """Source address."""
    return frame[6:12].hex(":")


def vlan(frame: bytes) -> int | None:
    """Id of the outermost 802.1Q tag, or None for an untagged frame."""
    if frame[12:14] != b"\x81\x00" or len(frame) < 16:
        return None
    return int.from_bytes(frame[14:16], "big") & 0x0FFF


def _payload_at(frame: bytes) -> int:
    """Offset of the EtherType behind all tags."""
    at = 12
    while frame[at : at + 2] == b"\x81\x00":
        at += 4
    return at


def ethertype(frame: bytes) -> int:
    """EtherType of what the frame carries, behind any tags; 0 when cut short."""
    at = _payload_at(frame)
    return int.from_bytes(frame[at : at + 2], "big") if len(frame) >= at + 2 else 0


@dataclass(frozen=True, slots=True)
class Arp:
    """The parts of an ARP packet that cases ask for."""

    operation: int
    sender_mac: str
    sender_ip: str
    target_mac: str
    target_ip: str


def arp(frame: bytes) -> Arp | None:
    """The ARP packet for IPv4 over Ethernet in the frame, if there is one."""
    at = _payload_at(frame)
    if frame[at : at + 2] != b"\x08\x06" or len(frame) < at + 2 + _ARP.size:
        return None
    kind, protocol, hlen, plen, operation, sha, spa, tha, tpa = _ARP.unpack_from(frame, at + 2)
    if (kind, protocol, hlen, plen) != (1, ETH_IP, 6, 4):
        return None
    return Arp(operation, sha.hex(":"), socket.inet_ntoa(spa), tha.hex(":"), socket.inet_ntoa(tpa))


def is_arp_request(frame: bytes, target_ip: str | None = None) -> bool:
    """Whether it asks by ARP for `target_ip` (for anybody by default)."""
    packet = arp(frame)
    return packet is not None and packet.operation == ARP_REQUEST and target_ip in (None, packet.target_ip)


def is_arp_reply(frame: bytes, sender_ip: str | None = None) -> bool:
    """Whether it is an ARP reply by `sender_ip` (by anybody by default)."""
    packet = arp(frame)
    return packet is not None and packet.operation == ARP_REPLY and sender_ip in (None, packet.sender_ip)


def is_gratuitous_arp(frame: bytes, ip: str | None = None) -> bool:
    """Whether it announces `ip` (any address by default): an ARP whose sender is its target."""
    packet = arp(frame)
    return packet is not None and packet.sender_ip == packet.target_ip and ip in (None, packet.sender_ip)


def is_lacpdu(frame: bytes) -> bool:
    """Whether it is a LACPDU (slow protocols, subtype 1)."""
    at = _payload_at(frame)
    return frame[at : at + 3] == b"\x88\x09\x01"


@dataclass(frozen=True, slots=True)
class Probe:
    """What a frame of a probe stream says about itself."""

    flow: int
    sequence: int
    vlan: int | None


def probe(frame: bytes) -> Probe | None:
    """The probe in a frame of a ProbeStream, or None for any other frame."""
    at = _payload_at(frame) + 2 + 20 + 8
    if frame[at : at + 4] != PROBE_MAGIC or len(frame) < at + _PROBE.size:
        return None
    _, flow, sequence = _PROBE.unpack_from(frame, at)
    return Probe(flow, sequence, vlan(frame))


def ethernet(dst: str, src: str, kind: int, payload: bytes, vlan_id: int | None = None) -> bytes:
    """A frame, padded to the minimum of 60 bytes."""
    tag = b"" if vlan_id is None else struct.pack("!HH", ETH_VLAN, vlan_id)
    return (mac_bytes(dst) + mac_bytes(src) + tag + struct.pack("!H", kind) + payload).ljust(60, b"\0")


def arp_packet(
    operation: int,
    sender: tuple[str, str],
    target: tuple[str, str],
    *,
    dst: str = BROADCAST,
    vlan_id: int | None = None,
) -> bytes:
    """An ARP frame; `sender` and `target` are (MAC, IPv4)."""
    (sha, spa), (tha, tpa) = sender, target
    ends = (mac_bytes(sha), socket.inet_aton(spa), mac_bytes(tha), socket.inet_aton(tpa))
    body = _ARP.pack(1, ETH_IP, 6, 4, operation, *ends)
    return ethernet(dst, sha, ETH_ARP, body, vlan_id)


def arp_request(src: str, src_ip: str, wanted_ip: str, *, vlan_id: int | None = None) -> bytes:
    """A broadcast asking who has `wanted_ip`."""
    return arp_packet(ARP_REQUEST, (src, src_ip), ("00:00:00:00:00:00", wanted_ip), vlan_id=vlan_id)


def gratuitous_arp(src: str, ip: str, *, vlan_id: int | None = None) -> bytes:
    """A broadcast announcing that `ip` is at `src`."""
    return arp_packet(ARP_REQUEST, (src, ip), ("00:00:00:00:00:00", ip), vlan_id=vlan_id)


def checksum(data: bytes) -> int:
    """The Internet checksum (RFC 1071)."""
    if len(data) % 2:
        data += b"\0"
    total: int = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def udp(
    dst: str,
    src: str,
    src_ip: str,
    dst_ip: str,
    payload: bytes,
    *,
    ports: tuple[int, int] = (PROBE_PORT, PROBE_PORT),
    vlan_id: int | None = None,
) -> bytes:
    """A UDP datagram in IPv4 with valid checksums; `ports` are (source, destination)."""
    addresses = socket.inet_aton(src_ip) + socket.inet_aton(dst_ip)
    length = 8 + len(payload)
    sealed = checksum(addresses + struct.pack("!HHHHHH", 17, length, *ports, length, 0) + payload) or 0xFFFF
    header = struct.pack("!BBHHHBBH", 0x45, 0, 20 + length, 0, 0x4000, 64, 17, 0) + addresses
    header = header[:10] + struct.pack("!H", checksum(header)) + header[12:]
    return ethernet(
        dst, src, ETH_IP, header + struct.pack("!HHHH", *ports, length, sealed) + payload, vlan_id
    )


def probe_payload(flow: int, sequence: int, length: int) -> bytes:
    """UDP payload of a probe, `length` bytes."""
    return _PROBE.pack(PROBE_MAGIC, flow, sequence).ljust(length, b"\0")


def describe(frame: bytes) -> str:
    """One line about a frame for people, dissected by scapy."""
    from scapy.layers.l2 import Ether  # late: scapy takes half a second to import

    return str(Ether(frame).summary())
