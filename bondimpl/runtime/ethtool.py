"""What a NIC's driver says of its link: MII registers and ethtool, by ioctl."""

from __future__ import annotations

import array
import fcntl
import socket
import struct

from bondimpl.machine import Duplex, Speed

_SIOCETHTOOL = 0x8946
_SIOCGMIIPHY = 0x8947
_SIOCGMIIREG = 0x8948
_GLINK = 0x0A
_GLINKSETTINGS = 0x4C
_GFEATURES = 0x3A
_VLAN_FILTER_BIT = 9  # NETIF_F_HW_VLAN_CTAG_FILTER
_BMSR = 1  # basic mode status register (IEEE 802.3 clause 22)
_BMSR_LINK = 0x0004
_DUPLEX: dict[int, Duplex] = {0: "half", 1: "full"}
_UNKNOWN_SPEEDS = (0, 0xFFFF, 0xFFFFFFFF)


class Ethtool:
    """Asks by name. Every method gives None (or an empty Speed) when the driver does not answer."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)

    def close(self) -> None:
        self._socket.close()

    def mii_link(self, name: str) -> bool | None:
        """The link bit of the MII status register."""
        try:
            phy = struct.unpack_from("=H", self._ioctl(_SIOCGMIIPHY, name, bytes(8)), 16)[0]
            answer = self._ioctl(_SIOCGMIIREG, name, struct.pack("=HHHH", phy, _BMSR, 0, 0))
        except OSError:
            return None
        return bool(struct.unpack_from("=H", answer, 22)[0] & _BMSR_LINK)

    def link(self, name: str) -> bool | None:
        """ETHTOOL_GLINK."""
        answer = self._ask(name, struct.pack("=II", _GLINK, 0))
        return None if answer is None else bool(struct.unpack_from("=I", answer, 4)[0])

    def speed(self, name: str) -> Speed:
        """ETHTOOL_GLINKSETTINGS."""
        # The first call tells, as a negative number, how many words of link modes the kernel has.
        words = self._settings(name, 0)
        if words is None:
            return Speed()
        answer = self._settings(name, -struct.unpack_from("=b", words, 15)[0])
        if answer is None:
            return Speed()
        mbit, duplex = struct.unpack_from("=IB", answer, 4)
        return Speed(None if mbit in _UNKNOWN_SPEEDS else mbit, _DUPLEX.get(duplex))

    def filters_vlans(self, name: str) -> bool:
        """Whether the NIC drops frames of VLANs that were not registered with it."""
        answer = self._ask(name, struct.pack("=II", _GFEATURES, 2) + bytes(32))
        # Per block of 32 features: available, requested, active, never changed.
        return answer is not None and bool(struct.unpack_from("=I", answer, 16)[0] >> _VLAN_FILTER_BIT & 1)

    def _settings(self, name: str, words: int) -> bytes | None:
        head = struct.pack("=II7xb", _GLINKSETTINGS, 0, words)
        return self._ask(name, head + bytes(32 + 12 * words))

    def _ask(self, name: str, command: bytes) -> bytes | None:
        data = array.array("B", command)
        try:
            self._ioctl(_SIOCETHTOOL, name, struct.pack("@P", data.buffer_info()[0]))
        except OSError:
            return None
        return data.tobytes()

    def _ioctl(self, request: int, name: str, argument: bytes) -> bytes:
        ifreq = struct.pack("16s24s", name.encode(), argument)
        return fcntl.ioctl(self._socket, request, ifreq)
