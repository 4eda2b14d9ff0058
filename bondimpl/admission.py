"""Who may be enslaved (HOWTO section 3.3; the refusals are the driver's)."""

from __future__ import annotations

from bondimpl.errors import SlaveError
from bondimpl.machine import PortInfo
from bondimpl.state import BondState


def check_candidate(state: BondState, port: PortInfo) -> None:
    """Raise SlaveError when this interface cannot become a slave of that bond now."""
    if port.name == state.name or port.is_bond:
        raise SlaveError(f"{port.name} is a bond itself and cannot be enslaved", "EPERM")
    if not port.is_ethernet:
        raise SlaveError(f"{port.name} is not an Ethernet interface", "EPERM")
    if port.name in state.slaves:
        raise SlaveError(f"{port.name} is a slave of {state.name} already", "EBUSY")
    if port.master is not None:
        raise SlaveError(f"{port.name} belongs to {port.master} already", "EBUSY")
    if port.up:
        raise SlaveError(f"{port.name} is up; bring it down first (ip link set {port.name} down)", "EPERM")
    if state.era.enslave_needs_bond_up and not state.admin_up:
        raise SlaveError(f"{state.name} is down; bring it up first (ip link set {state.name} up)", "EPERM")
