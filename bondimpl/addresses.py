"""Who wears which hardware address (HOWTO sections 2, 5.2 and 7): plain answers, carried out by others.

An answer maps slaves to the addresses (6 bytes) that they are to take, in this order.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from bondimpl.errors import SlaveError
from bondimpl.machine import PortInfo
from bondimpl.option_kinds import Mode
from bondimpl.slave import Slave
from bondimpl.state import BondState

Changes = Mapping[Slave, bytes]


class AddressPolicy(Protocol):
    """One way of giving out addresses."""

    @property
    def changes_while_up(self) -> bool:
        """Whether a slave cannot be used whose driver allows no other address while it is up."""

    @property
    def user_decides(self) -> bool:
        """Whether the bond takes an address that the user gives it; if not, nothing happens."""

    def of_new_slave(self, state: BondState, port: PortInfo, bond_mac: bytes) -> bytes:
        """The address of a slave that joins a bond with `bond_mac`. Raises SlaveError."""

    def when_bond_mac_is_set(self, state: BondState, mac: bytes) -> Changes:
        """The user gives the bond this address."""


class Shared:
    """Every slave has the bond's address."""

    changes_while_up = False
    user_decides = True

    def of_new_slave(self, state: BondState, port: PortInfo, bond_mac: bytes) -> bytes:
        return bond_mac

    def when_bond_mac_is_set(self, state: BondState, mac: bytes) -> Changes:
        return dict.fromkeys(state.slaves.values(), mac)


class Kept:
    """`fail_over_mac` of active-backup: slaves join with their own addresses.

    Whichever is active then gives the bond its own (`active`), or takes the bond's (`follow`).
    """

    changes_while_up = False
    user_decides = False

    def of_new_slave(self, state: BondState, port: PortInfo, bond_mac: bytes) -> bytes:
        return port.mac

    def when_bond_mac_is_set(self, state: BondState, mac: bytes) -> Changes:
        return {}


@dataclass(frozen=True)
class Distinct:
    """The active slave has the bond's address, every other one an address of its own.

    When somebody else becomes active the two swap addresses, so all that are about remain in use.
    `users_for_all`: an address that the user gives to the bond goes to every slave none the less.
    """

    changes_while_up: bool
    users_for_all: bool
    user_decides: bool = True

    def of_new_slave(self, state: BondState, port: PortInfo, bond_mac: bytes) -> bytes:
        if not state.slaves or (port.mac != bond_mac and wearer(state, port.mac) is None):
            return port.mac
        permanent = (slave.permanent_mac for slave in state.slaves.values())
        spare = next((mac for mac in permanent if wearer(state, mac) is None), None)
        if spare is not None:
            return spare
        if wearer(state, bond_mac) is None:
            return bond_mac
        raise SlaveError(
            f"{port.name}: its address is in use in {state.name}, and no other slave has one to spare; "
            f"give it another (ip link set {port.name} address ...)",
            "EFAULT",
        )

    def when_bond_mac_is_set(self, state: BondState, mac: bytes) -> Changes:
        if self.users_for_all:
            return dict.fromkeys(state.slaves.values(), mac)
        return swap(state.active, wearer(state, mac), mac) if state.active is not None else {}


def wearer(state: BondState, mac: bytes) -> Slave | None:
    """The first slave that has this address now."""
    return next((slave for slave in state.slaves.values() if slave.mac == mac), None)


def swap(slave: Slave, other: Slave | None, mac: bytes) -> Changes:
    """`slave` takes `mac`; who has had it (if anybody) takes the one of `slave`, and does so first."""
    if slave.mac == mac:
        return {}
    return {slave: mac} if other is None else {other: slave.mac, slave: mac}


def when_active(state: BondState, new: Slave) -> Changes:
    """Where addresses are distinct: `new` is the active slave now."""
    return swap(new, wearer(state, state.mac), state.mac)


def when_leaving(state: BondState, slave: Slave) -> Changes:
    """Where addresses are distinct: `slave` is one no longer, and soon wears its permanent address again.

    Whoever had been lent that one gets what `slave` leaves behind.
    """
    borrower = wearer(state, slave.permanent_mac)
    if borrower is None or slave.permanent_mac in (slave.mac, state.mac):
        return {}
    return {borrower: slave.mac}


def policy_for(state: BondState) -> AddressPolicy:
    """The policy of the bond's mode."""
    match state.options.mode:
        case Mode.BALANCE_ALB:
            return Distinct(changes_while_up=True, users_for_all=False)
        case Mode.BALANCE_TLB:
            return Distinct(changes_while_up=False, users_for_all=state.era.tlb_users_mac_for_all)
        case Mode.ACTIVE_BACKUP if state.options.fail_over_mac != "none":
            return Kept()
    return Shared()
