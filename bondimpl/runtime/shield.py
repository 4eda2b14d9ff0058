"""Keeps the host's own network stack away from the frames that a slave receives.

Without it the stack would answer a second time: the frame comes in by the slave *and* by the bond. Both
ways to drop act after the packet sockets have had their copy:

- `clsact` with a classic BPF program of one instruction, or, where the kernel lacks that,
- an nftables chain in family netdev with policy drop.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from bondimpl.errors import MachineError
from bondimpl.runtime import netlink
from bondimpl.runtime.netlink import Netlink
from bondimpl.runtime.nft import NetdevDrop

Way = Literal["bpf", "nft"]

_NEWQDISC, _DELQDISC, _GETQDISC, _NEWTFILTER, _DELTFILTER, _GETTFILTER = 36, 37, 38, 44, 45, 46
_TCA_KIND, _TCA_OPTIONS = 1, 2
_BPF_OPS_LEN, _BPF_OPS, _BPF_FLAGS = 4, 5, 8
_DIRECT_ACTION = 1
_TCMSG = struct.Struct("=B3xiIII")
_QDISC = (0xFFFF0000, 0xFFFFFFF1, 0)
"""Handle, parent (TC_H_CLSACT) and info of the clsact qdisc."""
_FILTER = (0xB0D, 0xFFFFFFF2, 1 << 16 | socket.htons(0x0003))
"""Handle, parent (ingress), and info: before all other filters, every protocol. The handle makes it ours."""
_PARENTS = (0xFFFFFFF2, 0xFFFFFFF3)
"""Ingress and egress of clsact."""
_RETURN_SHOT = struct.pack("=HBBI", 0x06, 0, 0, 2)
_CLSACT = netlink.string(_TCA_KIND, "clsact")
_BPF = netlink.string(_TCA_KIND, "bpf")
_DROP = _BPF + netlink.nested(
    _TCA_OPTIONS,
    netlink.attribute(_BPF_OPS_LEN, struct.pack("=H", 1)),
    netlink.attribute(_BPF_OPS, _RETURN_SHOT),
    netlink.attribute(_BPF_FLAGS, struct.pack("=I", _DIRECT_ACTION)),
)
_NEW = netlink.CREATE | netlink.EXCL
_LACKING = ("ENOENT", "EOPNOTSUPP", "EINVAL")
"""How kernels say that they have no clsact, no cls_bpf or no netdev chains."""
_GONE = ("ENOENT", "ENODEV", "EINVAL")


@dataclass(frozen=True, slots=True)
class Built:
    """What keeps one interface's frames away; `makes_qdisc`: the clsact qdisc is ours, too."""

    way: Way
    makes_qdisc: bool = False


class Shield:
    """Puts shields up and takes them down."""

    def __init__(self, ways: tuple[Way, ...] = ("bpf", "nft")) -> None:
        self._ways = ways
        self._netlink = Netlink(socket.NETLINK_ROUTE)
        self._nft = NetdevDrop()

    def close(self) -> None:
        self._netlink.close()
        self._nft.close()

    def put_up(self, index: int, name: str, note: Callable[[Built], None]) -> Built:
        """Drop what `name` receives; `note` is told what will be made before it is made.

        Raises MachineError; nothing is left then.
        """
        reasons = []
        for way in self._ways:
            built = Built(way, makes_qdisc=way == "bpf" and not self._has_qdisc(index))
            held = MachineError(f"{name}: another bondd holds this interface", "EBUSY")
            # Not even noted: were we killed now, the next start would take that shield for ours.
            if self.is_up(index, name, built):
                raise held
            note(built)
            try:
                if way == "nft":
                    self._nft.add(index, name)
                else:
                    self._add_filter(index, name, built)
            except MachineError as error:
                if error.errno == "EEXIST":
                    raise held from error
                if error.errno not in _LACKING:
                    raise
                reasons.append(str(error))
            else:
                return built
        raise MachineError(f"{name}: this kernel cannot drop at ingress ({'; '.join(reasons)})", "EOPNOTSUPP")

    def take_down(self, index: int, name: str, built: Built) -> None:
        """Undo `put_up`; what is gone already is no error. Raises MachineError."""
        if built.way == "nft":
            self._nft.delete(index, name)
            return
        self._delete(f"{name}: cannot remove the tc filter", _DELTFILTER, index, _FILTER, _BPF)
        # Somebody may have put filters of his own there since: the qdisc is his then.
        if built.makes_qdisc and not any(self._filters(index, name, parent) for parent in _PARENTS):
            self._delete(f"{name}: cannot remove clsact", _DELQDISC, index, _QDISC, _CLSACT)

    def is_up(self, index: int, name: str, built: Built) -> bool:
        """Whether what `put_up` made is there. Raises MachineError."""
        if built.way == "nft":
            return self._nft.is_there(index, name)
        return (_FILTER[0], "bpf") in self._filters(index, name, _FILTER[1])

    def _filters(self, index: int, name: str, parent: int) -> list[tuple[int, str]]:
        """Handle and kind of each filter under `parent`. Raises MachineError."""
        every = _TCMSG.pack(0, index, 0, parent, 0)
        try:
            answers = self._netlink.query(f"{name}: list filters", _GETTFILTER, every, netlink.DUMP)
        except MachineError as error:
            if error.errno in (*_GONE, *_LACKING):
                return []
            raise
        found = []
        for kind, body in answers:
            _, owner, handle, _, _ = _TCMSG.unpack_from(body)
            if (kind, owner) == (_NEWTFILTER, index):
                what = netlink.attributes(body[_TCMSG.size :]).get(_TCA_KIND, b"")
                found.append((handle, netlink.text(what)))
        return found

    def _add_filter(self, index: int, name: str, built: Built) -> None:
        if built.makes_qdisc:
            self._netlink.change(f"{name}: clsact", _NEWQDISC, _message(index, _QDISC, _CLSACT), _NEW)
        try:
            self._netlink.change(f"{name}: tc filter", _NEWTFILTER, _message(index, _FILTER, _DROP), _NEW)
        except MachineError:
            if built.makes_qdisc:
                self.take_down(index, name, built)
            raise

    def _delete(
        self, what: str, kind: int, index: int, which: tuple[int, int, int], attributes: bytes
    ) -> None:
        try:
            self._netlink.change(what, kind, _message(index, which, attributes))
        except MachineError as error:
            if error.errno not in _GONE:
                raise

    def _has_qdisc(self, index: int) -> bool:
        """Whether there is a clsact or ingress qdisc already (both take our filter)."""
        every = _TCMSG.pack(0, index, 0, 0, 0)
        for kind, body in self._netlink.query("list qdiscs", _GETQDISC, every, netlink.DUMP):
            _, owner, _, parent, _ = _TCMSG.unpack_from(body)
            if kind == _NEWQDISC and owner == index and parent == _QDISC[1]:
                return True
        return False


def _message(index: int, which: tuple[int, int, int], attributes: bytes) -> bytes:
    return _TCMSG.pack(0, index, *which) + attributes
