"""What every mode is: a rule that turns the state of a bond into a forwarding plan."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from bondimpl.addresses import Changes
from bondimpl.clock import Clock
from bondimpl.errors import MachineError
from bondimpl.events import EventSource
from bondimpl.forwarding import Accept, Discard, ForwardingPlan, Hashed, Punt, Transmit
from bondimpl.frames.hashes import HashPolicy
from bondimpl.lacp.snapshot import LacpStatus
from bondimpl.machine import Machine
from bondimpl.messages import Messages
from bondimpl.option_kinds import Mode
from bondimpl.slave import Link, Slave
from bondimpl.state import BondState


@dataclass(frozen=True, slots=True)
class Services:
    """What a mode with a protocol of its own needs.

    `refresh` publishes the plan and the carrier anew, `announce` tells the neighbours where the bond is now.
    """

    clock: Clock
    machine: Machine
    events: EventSource
    refresh: Callable[[], None]
    announce: Callable[[], None]


class ModeRule(ABC):
    """One mode. It reads the BondState; what happens to the bond is told it before the plan is asked for."""

    mode: ClassVar[Mode]
    has_active_slave: ClassVar[bool] = False
    """Whether the choice of the active slave decides anything in this mode."""
    announces_failover: ClassVar[bool] = False
    """Whether gratuitous ARPs tell the neighbours of another active slave."""
    reports_groups: ClassVar[bool] = False
    """Whether IGMP reports tell the switches of another active slave."""
    has_queues: ClassVar[bool] = False
    """Whether a slave sends what the host puts into the transmit queue of its `queue_id`."""
    may_test_carrier: ClassVar[bool] = False
    """Whether today's driver looks at a slave's carrier itself when it sends."""
    needs_speed: bool = False
    """Whether a slave must tell its speed and duplex."""
    punts: ClassVar[tuple[Punt, ...]] = ()
    """The frames that `frame_from_slave` is to see."""

    def __init__(self, state: BondState, services: Services) -> None:
        self.state = state
        self.services = services
        self._messages = Messages(state.name, state.era)

    @property
    def tests_carrier(self) -> bool:
        """Whether a slave without carrier is left out when the bond sends, whatever the monitor says."""
        return self.may_test_carrier and self.state.era.carrier_tested_at_transmit

    def senders(self) -> tuple[Slave, ...]:
        """The slaves that may send."""
        if not self.tests_carrier:
            return self.state.carrying
        return tuple(s for s in self.state.slaves.values() if s.link is Link.UP and s.carrier)

    @abstractmethod
    def transmit(self) -> Transmit:
        """Who sends. Asked only while at least one slave may."""

    def accept(self) -> Iterable[Slave]:
        """The slaves whose frames reach the host."""
        return self.state.carrying

    def announcers(self) -> Iterable[Slave]:
        """The slaves on which gratuitous ARPs are sent."""
        return (self.state.active,) if self.state.active else ()

    def is_active(self, slave: Slave) -> bool:
        """What the log calls a slave that has joined."""
        is_one = slave is self.state.active if self.has_active_slave else slave in self.accept()
        return is_one and slave.carries

    def leaves_active(self, slave: Slave) -> bool:
        """What the log calls a slave that leaves."""
        return slave is self.state.active

    def carrier(self) -> bool:
        """Whether the bond has carrier."""
        return bool(self.state.carrying)

    # Most modes have nothing to do at these occasions.

    def joined(self, slave: Slave) -> None:  # noqa: B027
        """A slave was enslaved."""

    def left(self, slave: Slave) -> None:  # noqa: B027
        """A slave is one no longer; it can still send."""

    def link_changed(self, slave: Slave) -> None:  # noqa: B027
        """A slave's link is definitely up or down now."""

    def speed_changed(self, slave: Slave) -> None:  # noqa: B027
        """The speed or duplex of a slave that is up is another."""

    def active_changed(self, old: Slave | None, new: Slave | None) -> None:  # noqa: B027
        """`new` is the active slave, and `old` (which may have left) is not any more."""

    def bond_mac_set(self, changed: Sequence[Slave]) -> None:  # noqa: B027
        """The user has given the bond another address, and these slaves have a new one for it."""

    def opened(self) -> None:  # noqa: B027
        """The bond was brought up."""

    def closed(self) -> None:  # noqa: B027
        """The bond was brought down."""

    def options_changed(self, names: Iterable[str]) -> None:  # noqa: B027
        """These options of the bond have new values."""

    def slave_options_changed(self, slave: Slave) -> None:  # noqa: B027
        """An option of the slave has a new value."""

    def frame_from_slave(self, slave: Slave, frame: bytes) -> bool:
        """A punted frame was received; whether that was all, and the host does not get it."""
        del slave, frame
        return False

    def frame_from_host(self, frame: bytes) -> bool:
        """A punted frame was sent by the host; whether the mode has seen to it, and it goes no further."""
        del frame
        return False

    def bucket_missed(self, bucket: int) -> str | None:
        """The slave of a bucket that the published plan leaves open; the plan is published anew."""
        del bucket
        return None

    def lacp_status(self) -> LacpStatus | None:
        """The state of LACP, where the mode has it."""
        return None

    def plan(self) -> ForwardingPlan:
        """The plan for the present state."""
        if not self.state.admin_up:
            return ForwardingPlan()
        hearing = self.state.slaves.values() if self.state.options.all_slaves_active else self.accept()
        return ForwardingPlan(
            transmit=self.transmit() if self.senders() else Discard(),
            accept={slave.name: Accept.EVERYTHING for slave in hearing},
            punt=self.punts,
            queues={s.options.queue_id: s.name for s in self._queue_slaves()},
        )

    def _queue_slaves(self) -> Iterable[Slave]:
        slaves = self.state.slaves.values() if self.has_queues else ()
        return (slave for slave in slaves if slave.options.queue_id and slave.link is Link.UP)

    def wear(self, changes: Changes) -> None:
        """Give slaves addresses as far as it goes: the bond must do without a slave's consent by now."""
        for slave, mac in changes.items():
            try:
                self.services.machine.set_slave_mac(slave.name, mac)
                slave.mac = mac
            except MachineError as error:
                self.services.events.log(self._messages.plain(f"{slave.name} keeps its address: {error}"))

    def bypasses_updelay(self) -> bool:
        """Whether the next link to come up is used at once (HOWTO 12.3)."""
        if self.state.era.bypass_in_every_mode:
            return not self.state.carrying
        return self.skips_updelay_today()

    def skips_updelay_today(self) -> bool:
        """The same, as the present driver's tables have it for this mode."""
        return False

    def hashed(self, members: Sequence[Slave], carrying: Sequence[Slave]) -> Hashed:
        """The flow picks the slave: of all members by XOR of MACs (HOWTO), today of those that carry."""
        policy = HashPolicy(self.state.options.xmit_hash_policy)
        if not self.state.era.xor_of_mac_addresses:
            return Hashed(policy, tuple(slave.name for slave in carrying))
        if policy is HashPolicy.LAYER2:
            policy = HashPolicy.MAC_XOR
        return Hashed(policy, self.replaced_by_successor(members, carrying))

    def replaced_by_successor(
        self, slaves: Sequence[Slave] | None = None, carrying: Sequence[Slave] | None = None
    ) -> tuple[str, ...]:
        """The slaves in order, one that does not carry replaced by the next that does, round the ring."""
        ring = list(self.state.slaves.values()) if slaves is None else slaves
        good = self.senders() if carrying is None else carrying
        return tuple(next(s.name for s in (*ring[i:], *ring[:i]) if s in good) for i in range(len(ring)))

    def any_up(self) -> bool:
        """Whether at least one link is definitely up."""
        return any(slave.link is Link.UP for slave in self.state.slaves.values())
