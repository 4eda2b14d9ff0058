"""What is asked of a NIC's driver by ioctl, and how its answers are read, with a driver made for the purpose.

The layouts are those of linux/mii.h and linux/ethtool.h.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import fcntl
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from bondimpl.runtime.ethtool import Ethtool

GET_PHY, GET_REGISTER, ETHTOOL = 0x8947, 0x8948, 0x8946
GET_LINK = 0x0A
STATUS_REGISTER = 1
# All abilities of a 100 Mbit/s PHY that has ended its negotiation; they differ in the link bit only.
LINK_UP, LINK_DOWN = 0x782D, 0x7829
ALL_ONES_BUT_LINK = 0xFFFF & ~0x0004


@dataclass
class Nic:
    """A NIC called eth7 whose PHY is number 9; a request in `refused` fails with that errno."""

    status: int = LINK_UP
    link: int = 1
    refused: dict[int, int] = field(default_factory=dict)
    asked: list[int] = field(default_factory=list)

    def ioctl(self, _socket: object, request: int, ifreq: bytes) -> bytes:
        self.asked.append(request)
        name = ifreq[:16].rstrip(b"\0")
        if name != b"eth7":
            raise OSError(errno.ENODEV, "No such device")
        if request in self.refused:
            raise OSError(self.refused[request], "refused")
        if request == ETHTOOL:
            (address,) = struct.unpack_from("@P", ifreq, 16)
            (command,) = struct.unpack("=I", ctypes.string_at(address, 4))
            assert command == GET_LINK
            ctypes.memmove(address, struct.pack("=II", command, self.link), 8)
            return ifreq
        phy, register, value = struct.unpack_from("=HHH", ifreq, 16)
        if request == GET_PHY:
            return ifreq[:16] + struct.pack("=H", 9) + ifreq[18:]
        assert request == GET_REGISTER
        answer = self.status if (phy, register) == (9, STATUS_REGISTER) else 0
        return ifreq[:16] + struct.pack("=HHHH", phy, register, value, answer) + ifreq[24:]


@pytest.fixture
def nic(monkeypatch: pytest.MonkeyPatch) -> Nic:
    made = Nic()
    monkeypatch.setattr(fcntl, "ioctl", made.ioctl)
    return made


@pytest.fixture
def ethtool() -> Iterator[Ethtool]:
    with contextlib.closing(Ethtool()) as made:
        yield made


@pytest.mark.parametrize(
    ("status", "link"), [(LINK_UP, True), (LINK_DOWN, False), (0x0004, True), (ALL_ONES_BUT_LINK, False)]
)
def test_the_link_bit_of_the_status_register(nic: Nic, ethtool: Ethtool, status: int, link: bool) -> None:
    nic.status = status
    assert ethtool.mii_link("eth7") is link
    assert nic.asked == [GET_PHY, GET_REGISTER]


@pytest.mark.parametrize("request_number", [GET_PHY, GET_REGISTER])
@pytest.mark.parametrize("error", [errno.EOPNOTSUPP, errno.EIO])
def test_registers_that_cannot_be_read(nic: Nic, ethtool: Ethtool, request_number: int, error: int) -> None:
    nic.refused[request_number] = error
    assert ethtool.mii_link("eth7") is None
    assert nic.asked[-1] == request_number


@pytest.mark.parametrize(("answer", "link"), [(1, True), (0, False)])
def test_link_by_ethtool(nic: Nic, ethtool: Ethtool, answer: int, link: bool) -> None:
    nic.link = answer
    assert ethtool.link("eth7") is link
    assert nic.asked == [ETHTOOL]


def test_ethtool_that_is_not_supported(nic: Nic, ethtool: Ethtool) -> None:
    nic.refused[ETHTOOL] = errno.EOPNOTSUPP
    assert ethtool.link("eth7") is None


def test_a_nic_that_is_gone(nic: Nic, ethtool: Ethtool) -> None:
    assert (ethtool.mii_link("eth8"), ethtool.link("eth8")) == (None, None)
