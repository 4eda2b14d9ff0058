"""An nftables chain that drops everything one interface receives."""

from __future__ import annotations

import struct

from bondimpl.errors import MachineError
from bondimpl.runtime import netlink
from bondimpl.runtime.netlink import Netlink

_NETLINK_NETFILTER = 12
_SUBSYSTEM = 10
_BATCH_BEGIN, _BATCH_END = 0x10, 0x11
_NEWTABLE, _DELTABLE, _NEWCHAIN, _GETCHAIN = (_SUBSYSTEM << 8 | number for number in (0, 2, 3, 4))
_FAMILY_NETDEV = 5
_TABLE_NAME = 1
_CHAIN = "ingress"
_CHAIN_TABLE, _CHAIN_NAME, _CHAIN_HOOK, _CHAIN_POLICY, _CHAIN_TYPE = 1, 3, 4, 5, 7
_HOOK_NUMBER, _HOOK_PRIORITY, _HOOK_DEVICE = 1, 2, 3
_NF_DROP = 0
_FIRST = -500
_NEW = netlink.ACK | netlink.CREATE | netlink.EXCL


class NetdevDrop:
    """One table `bondd-INDEX` for each interface; the socket is opened when it is first needed."""

    def __init__(self) -> None:
        self._netlink: Netlink | None = None

    def close(self) -> None:
        if self._netlink is not None:
            self._netlink.close()

    def add(self, index: int, name: str) -> None:
        """Raises MachineError; nothing is left then."""
        table = _table(index)
        hook = netlink.nested(
            _CHAIN_HOOK,
            _number(_HOOK_NUMBER, 0),
            _number(_HOOK_PRIORITY, _FIRST),
            netlink.string(_HOOK_DEVICE, name),
        )
        chain = (
            netlink.string(_CHAIN_TABLE, table)
            + netlink.string(_CHAIN_NAME, _CHAIN)
            + hook
            + _number(_CHAIN_POLICY, _NF_DROP)
            + netlink.string(_CHAIN_TYPE, "filter")
        )
        self._transaction(
            f"{name}: nftables chain",
            (_NEWTABLE, _NEW, netlink.string(_TABLE_NAME, table)),
            (_NEWCHAIN, _NEW, chain),
        )

    def delete(self, index: int, name: str) -> None:
        """What is gone already is no error. Raises MachineError."""
        try:
            self._transaction(
                f"{name}: cannot remove the nftables chain",
                (_DELTABLE, netlink.ACK, netlink.string(_TABLE_NAME, _table(index))),
            )
        except MachineError as error:
            if error.errno != "ENOENT":
                raise

    def is_there(self, index: int, name: str) -> bool:
        """Whether the chain is, and hooks this interface. Raises MachineError."""
        which = netlink.string(_CHAIN_TABLE, _table(index)) + netlink.string(_CHAIN_NAME, _CHAIN)
        request = struct.pack("!BBH", _FAMILY_NETDEV, 0, 0) + which
        try:
            answers = self._opened().query(f"{name}: nftables chain", _GETCHAIN, request)
        except MachineError as error:
            if error.errno in ("ENOENT", "EOPNOTSUPP", "EINVAL"):
                return False
            raise
        hooks = [
            netlink.attributes(netlink.attributes(body[4:]).get(_CHAIN_HOOK, b"")) for _, body in answers
        ]
        return any(netlink.text(hook.get(_HOOK_DEVICE, b"")) == name for hook in hooks)

    def _opened(self) -> Netlink:
        if self._netlink is None:
            self._netlink = Netlink(_NETLINK_NETFILTER)
        return self._netlink

    def _transaction(self, what: str, *changes: tuple[int, int, bytes]) -> None:
        bracket = struct.pack("!BBH", 0, 0, _SUBSYSTEM)
        head = struct.pack("!BBH", _FAMILY_NETDEV, 0, 0)
        messages = [(kind, flags, head + body) for kind, flags, body in changes]
        self._opened().batch(what, [(_BATCH_BEGIN, 0, bracket), *messages, (_BATCH_END, 0, bracket)])


def _table(index: int) -> str:
    return f"bondd-{index}"


def _number(kind: int, value: int) -> bytes:
    return netlink.attribute(kind, struct.pack("!i", value))
