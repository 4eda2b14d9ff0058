"""The ARP monitor: asks targets every `arp_interval` ms and judges slaves by what passes them (HOWTO 8.1).

In active-backup only the active slave asks, and the backups have to hear its broadcast; while there is none,
the slaves are enabled one after the other, an interval each. In the other modes all slaves ask. IPv6 targets
(`ns_ip6_target`) are asked by neighbour solicitations.
"""

from __future__ import annotations

from collections.abc import Iterable

from bondimpl.clock import Timer
from bondimpl.errors import MachineError
from bondimpl.forwarding import Punt
from bondimpl.frames.ethernet import ETHERTYPE_ARP, ETHERTYPE_IPV6
from bondimpl.messages import Messages
from bondimpl.modes.base import Services
from bondimpl.monitors import arp_probe, targets
from bondimpl.monitors.arp import Finding, Windows, active_backup, load_balancing
from bondimpl.monitors.arp_records import Records
from bondimpl.monitors.arp_validate import Validation
from bondimpl.monitors.base import Judge, Verdict
from bondimpl.option_kinds import Mode
from bondimpl.slave import Link, Slave
from bondimpl.state import BondState


class ArpMonitor:
    """The ARP monitor of one bond; implements Monitor."""

    def __init__(self, state: BondState, services: Services, judge: Judge) -> None:
        self._state = state
        self._services = services
        self._judge = judge
        self._messages = Messages(state.name, state.era)
        self._timer: Timer | None = None
        self._due = 0.0
        self.records = Records(state, services.clock, services.machine)
        """What was heard and sent; kept while the monitor does not run, too."""

    @property
    def punts(self) -> tuple[Punt, ...]:
        """The frames that it must see to judge them: ARP and IPv6, when `arp_validate` asks for that."""
        options = self._state.options
        if self._timer is None or options.arp_validate == "none":
            return ()
        six = options.ns_ip6_target or Validation(options.arp_validate).arp_only
        kinds = (ETHERTYPE_ARP, ETHERTYPE_IPV6) if six else (ETHERTYPE_ARP,)
        return tuple(Punt(kind, from_host=False) for kind in kinds)

    # ---- Monitor

    def start(self) -> None:
        self.stop()
        self.records.start()
        self._due = self._services.clock.now()
        self._timer = self._services.clock.call_at(self._due, self._tick)

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def first_look(self, slave: str) -> bool:
        return self._state.era.arp_forgives_start or self._runs(slave)

    # ---- each interval

    def _tick(self) -> None:
        # Ages count from the time at which this look was due: being late must not make evidence older. After
        # a long stall (a stopped process) it goes on from now.
        due, clock, interval = self._due, self._services.clock, self._state.options.arp_interval
        self._due = due + interval if clock.now() < due + interval else clock.now() + interval
        self._timer = clock.call_at(self._due, self._tick)
        self.records.sample(due)
        windows = Windows(interval, self._state.options.arp_missed_max, self._state.era.arp_windows_sharp)
        if self._state.options.mode is Mode.ACTIVE_BACKUP:
            self._look_at_backups(windows)
            asker = self._state.active or self._next_to_try()
            self._ask([asker] if asker else [])
        else:
            self._look_at_all(windows)
            self._ask([slave for slave in self._state.slaves.values() if self._runs(slave.name)])

    def _look_at_all(self, windows: Windows) -> None:
        verdicts = []
        for slave in self._state.slaves.values():
            match load_balancing(self.records.evidence(slave), windows):
                case Finding.UP:
                    line = self._messages.heard_again(slave.name, alone=self._state.active is None)
                    verdicts.append(Verdict(slave, up=True, line=line))
                case Finding.DOWN:
                    slave.failures += 1
                    verdicts.append(Verdict(slave, up=False, line=self._messages.silent(slave.name)))
        if verdicts:
            self._judge.commit(verdicts)

    def _look_at_backups(self, windows: Windows) -> None:
        state = self._state
        verdicts: list[Verdict] = []
        searching, nobody = state.trying is not None, state.active is None
        for slave in state.slaves.values():
            match active_backup(self.records.evidence(slave), windows, searching=searching):
                case Finding.UP:
                    line = self._messages.answered(slave.name, leads=nobody)
                    verdicts.append(Verdict(slave, up=True, line=line))
                case Finding.DOWN:
                    slave.failures += 1
                    line = self._messages.unanswered(slave.name, active=slave is state.active)
                    verdicts.append(Verdict(slave, up=False, line=line))
                case Finding.IN_VAIN:
                    slave.link = Link.FAIL
        if not nobody or any(verdict.up for verdict in verdicts):
            state.trying = None
        if verdicts:
            self._judge.commit(verdicts)

    def _next_to_try(self) -> Slave | None:
        """Enable the next slave, round the ring, to see whether it works."""
        state = self._state
        ring = list(state.slaves.values())
        if not ring:
            return None
        start = ring.index(state.trying or ring[0]) + 1
        tried = next((s for s in (*ring[start:], *ring[:start]) if self._runs(s.name)), None)
        if tried is not None:
            tried.link, tried.tried = Link.BACK, True
            self.records.enabled(tried)
            state.trying = tried
            self._services.refresh()
        return tried

    def _ask(self, slaves: Iterable[Slave]) -> None:
        state, machine = self._state, self._services.machine
        probes = arp_probe.plan(
            targets.of(state.options),
            machine.probe_path,
            self.records.own,
            ignore_routes=state.era.arp_ignores_routes,
        )
        for slave in slaves:
            for probe in probes:
                try:
                    machine.transmit(slave.name, probe.frame(slave.mac))
                except MachineError:
                    continue  # as good as lost on the way: the silence will tell
                self.records.asked(slave)

    def _runs(self, slave: str) -> bool:
        """Whether a probe can leave by it: administratively up, with carrier."""
        probe = self._services.machine.probe
        return probe.admin_up(slave) and probe.carrier(slave)
