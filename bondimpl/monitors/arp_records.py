"""What the ARP monitor knows of each slave: when it last sent, and heard something that counts."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from bondimpl.clock import Clock
from bondimpl.machine import Machine
from bondimpl.monitors import targets
from bondimpl.monitors.arp import Evidence, Windows
from bondimpl.monitors.arp_validate import Situation, Validation, proved_by, read
from bondimpl.monitors.targets import Address
from bondimpl.option_kinds import Mode
from bondimpl.slave import Link, Slave
from bondimpl.state import BondState

JIFFY_MS = 1


@dataclass(slots=True)
class Record:
    """Times in ms. `sent` and `heard`: something that counts. `asked`: the last probe. `since`: it joined,
    became active or was tried. `proved`: the last valid frame, by target.
    """

    heard: float
    sent: float
    since: float
    asked: float = -math.inf
    proved: dict[Address, float] = field(default_factory=dict)


class Records:
    """The records of one bond's slaves. `own`: the bond's addresses, as of the last look at them."""

    def __init__(self, state: BondState, clock: Clock, machine: Machine) -> None:
        self._state = state
        self._clock = clock
        self._machine = machine
        self._records: dict[str, Record] = {}
        self._started = -math.inf
        self._looked = 0.0
        self.own: tuple[Address, ...] = ()

    # ---- what happens

    def start(self) -> None:
        """The monitor starts: what passed while it did not run does not count."""
        self._started = self._clock.now()
        if self._state.era.arp_forgives_start:
            for record in self._records.values():
                record.heard = record.sent = record.since = self._started
                record.proved = dict.fromkeys(targets.of(self._state.options), self._started)

    def joined(self, slave: Slave) -> None:
        """A slave was enslaved. Today it has just missed an interval."""
        now = self._clock.now()
        missed = 0 if self._state.era.arp_forgives_start else self._state.options.arp_interval + JIFFY_MS
        since = now if slave.link is Link.UP else -math.inf
        proved = dict.fromkeys(targets.of(self._state.options), now - missed)
        self._records[slave.name] = Record(now - missed, now - missed, since, proved=proved)

    def left(self, slave: Slave) -> None:
        """A slave is one no longer."""
        del self._records[slave.name]

    def enabled(self, slave: Slave) -> None:
        """A slave became active, or is tried."""
        self._records[slave.name].since = self._clock.now()

    def asked(self, slave: Slave) -> None:
        """A probe was sent."""
        record = self._records[slave.name]
        record.asked = self._clock.now()
        if not self._state.era.arp_sees_device_traffic:
            record.sent = record.asked

    def sample(self, now: float) -> None:
        """A look at the slaves begins, as of `now`: note what has passed them. Raises MachineError."""
        self._looked = now
        self.own = self._addresses()
        validation = Validation(self._state.options.arp_validate)
        for slave in self._state.slaves.values():
            record, traffic = self._records[slave.name], self._machine.traffic(slave.name)
            counts = not validation.arp_only and not validation.checks(enabled=self.is_enabled(slave))
            if counts and traffic.last_rx_ms is not None and traffic.last_rx_ms >= self._started:
                record.heard = max(record.heard, traffic.last_rx_ms)
            if self._state.era.arp_sees_device_traffic and traffic.last_tx_ms is not None:
                record.sent = max(record.sent, traffic.last_tx_ms)
            for target in targets.of(self._state.options):
                record.proved.setdefault(target, now)

    def heard(self, slave: Slave, frame: bytes) -> None:
        """A frame of those that `arp_validate` looks at was received."""
        now, record = self._clock.now(), self._records[slave.name]
        validation = Validation(self._state.options.arp_validate)
        if not validation.checks(enabled=self.is_enabled(slave)):
            if validation.arp_only:
                record.heard = now
            return
        word = read(frame)
        if word is None or not (word.dst[0] & 1 or word.dst in (self._state.mac, slave.mac)):
            return
        target = proved_by(word, self._situation(slave, now))
        if target is not None:
            record.heard = record.proved[target] = now

    def _addresses(self) -> tuple[Address, ...]:
        four = (each.address for each in self._machine.bond_addresses())
        if not self._state.options.ns_ip6_target:
            return tuple(four)
        return *four, *(each.address for each in self._machine.bond_ipv6_addresses())

    # ---- what follows

    def is_enabled(self, slave: Slave) -> bool:
        """Whether it hears and sends: the active one or the one tried, in other modes all that are up."""
        if self._state.options.mode is Mode.ACTIVE_BACKUP:
            return slave in (self._state.active, self._state.trying)
        return slave.link is Link.UP

    def evidence(self, slave: Slave) -> Evidence:
        """For the judgement."""
        record = self._records[slave.name]
        return Evidence(
            up=slave.link is Link.UP,
            enabled=self.is_enabled(slave),
            heard=self._looked - self._last_heard(slave),
            sent=self._looked - record.sent,
            since=self._looked - record.since,
            excused=self._state.era.arp_silence_needs_address and not self.own,
        )

    def _last_heard(self, slave: Slave) -> float:
        record, options = self._records[slave.name], self._state.options
        if options.mode is not Mode.ACTIVE_BACKUP or options.arp_all_targets == "any":
            return record.heard
        proved = record.proved
        times = [[proved[t] for t in any_of if t in proved] for any_of in targets.each_must_answer(options)]
        return min((max(each) for each in times if each), default=record.heard)

    def _situation(self, slave: Slave, now: float) -> Situation:
        state, active, tried = self._state, self._state.active, self._state.trying
        windows = Windows(
            state.options.arp_interval, state.options.arp_missed_max, state.era.arp_windows_sharp
        )
        return Situation(
            targets=targets.of(state.options),
            own=self.own,
            enabled=self.is_enabled(slave),
            leader_proved=active is not None and self._last_heard(active) > self._records[active.name].since,
            asked=tried is not None and windows.fresh(now - self._records[tried.name].asked),
        )
