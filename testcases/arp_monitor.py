"""The ARP monitor from outside: its questions on the wire, and how late its verdicts may be. Times in ms."""

from __future__ import annotations

from collections.abc import Callable

from lab import frames
from lab.cases import PEER_IP, BondHandle
from testcases.bounds import SLACK


def asks(target: str = PEER_IP) -> Callable[[bytes], bool]:
    """Whether a frame is an ARP request for the target."""
    return lambda frame: frames.is_arp_request(frame, target)


def is_answer(frame: bytes) -> bool:
    """An ARP reply, whoever sent it."""
    return frames.is_arp_reply(frame)


def silence(arp_interval: int, rounds: int = 0) -> int:
    """From the last answer to the verdict, which may take `rounds` more intervals.

    The HOWTO gives no time: 4 intervals are the catalogue's.
    """
    return (4 + rounds) * arp_interval + SLACK


def recovery(arp_interval: int) -> int:
    """From the first answer that can come again to the slave's being up; 3 intervals are the catalogue's."""
    return 3 * arp_interval + SLACK


def configured(bond: BondHandle) -> tuple[int, tuple[str, ...]]:
    """The interval and the targets in force. The status text of the HOWTO's driver does not show them."""
    in_force = bond.options()
    targets = in_force["arp_ip_target"]
    return int(in_force["arp_interval"]), tuple(targets.split(",")) if targets else ()
