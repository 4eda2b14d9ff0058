"""The MII monitor: every `miimon` ms it reads each slave's link and moves the slave's state (HOWTO 8.3)."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from bondimpl.clock import Ticker
from bondimpl.machine import LinkProbe
from bondimpl.messages import Messages
from bondimpl.modes.base import Services
from bondimpl.monitors.base import Judge, Verdict
from bondimpl.slave import Link, Slave
from bondimpl.state import BondState


class MiiMonitor:
    """Polls the links of one bond; implements Monitor."""

    def __init__(self, state: BondState, services: Services, judge: Judge) -> None:
        self._state = state
        self._services = services
        self._judge = judge
        self._ticker: Ticker | None = None

    def start(self) -> None:
        self.stop()
        self._take_over()
        self._ticker = Ticker(self._services.clock, self._state.options.miimon, self._poll, first_ms=0)

    def stop(self) -> None:
        if self._ticker is not None:
            self._ticker.stop()
            self._ticker = None

    def first_look(self, slave: str) -> bool | None:
        return read_link(self._services.machine.probe, slave, use_carrier=self._state.options.use_carrier)

    def _take_over(self) -> None:
        """Slaves that the ARP monitor was trying are down until seen otherwise."""
        self._state.trying = None
        for slave in self._state.slaves.values():
            if slave.tried:
                slave.link, slave.tried = Link.DOWN, False

    def _poll(self) -> None:
        self._judge.poll_speeds()
        before = self._links()
        failing = [slave for slave in self._state.slaves.values() if slave.link is Link.FAIL]
        verdicts = list(
            inspect(
                self._state,
                lambda slave: self.first_look(slave) is not False,
                bypass_updelay=self._judge.bypasses_updelay(),
                say=self._services.events.log,
            )
        )
        if verdicts or self._links() != before:
            self._judge.commit(verdicts)
        for slave in failing:
            if slave.link is Link.UP:  # what its device told while it failed was not taken note of
                self._judge.device_changed(slave)

    def _links(self) -> list[Link]:
        return [slave.link for slave in self._state.slaves.values()]


def read_link(probe: LinkProbe, slave: str, *, use_carrier: bool) -> bool | None:
    """Whether the slave has link; None when nobody can tell, which is to be taken as up.

    With `use_carrier` the device driver's carrier flag decides; otherwise the MII registers, then ethtool
    when the MII request itself fails.
    """
    if not probe.admin_up(slave):
        return False
    if use_carrier:
        return probe.carrier(slave)
    for answer in (probe.mii_link, probe.ethtool_link):
        link = answer(slave)
        if link is not None:
            return link
    return None


def inspect(
    state: BondState, good: Callable[[str], bool], *, bypass_updelay: bool, say: Callable[[str], None]
) -> Iterator[Verdict]:
    """One poll: advance every slave's link state, yield the slaves that came to a verdict.

    `bypass_updelay`: the first slave found waiting is up at once; the others go on waiting.
    """
    messages = Messages(state.name, state.era)
    for slave in state.slaves.values():
        link_good = good(slave.name)
        if slave.link is Link.UP and not link_good:
            _start_failing(state, slave, messages, say)
        elif slave.link is Link.DOWN and link_good:
            slave.link, slave.delay = Link.BACK, state.polls(state.options.updelay)
            if slave.delay and not bypass_updelay:
                say(messages.returning(slave.name, state.options.updelay))

        if slave.link is Link.FAIL:
            if link_good:
                waited = state.options.downdelay - slave.delay * state.options.miimon
                slave.link = Link.UP
                say(messages.up_again(slave.name, waited))
            elif slave.delay <= 0:
                if not state.era.count_failure_at_detection:
                    slave.failures += 1
                yield Verdict(slave, up=False)
            else:
                slave.delay -= 1
        elif slave.link is Link.BACK:
            if not link_good:
                waited = state.options.updelay - slave.delay * state.options.miimon
                slave.link = Link.DOWN
                if not state.era.count_failure_at_detection:
                    slave.failures += 1
                say(messages.down_again(slave.name, waited))
            elif slave.delay <= 0 or bypass_updelay:
                bypass_updelay = False
                yield Verdict(slave, up=True)
            else:
                slave.delay -= 1


def _start_failing(state: BondState, slave: Slave, messages: Messages, say: Callable[[str], None]) -> None:
    slave.link, slave.delay = Link.FAIL, state.polls(state.options.downdelay)
    if state.era.count_failure_at_detection:
        slave.failures += 1
    if slave.delay:
        say(messages.failing(slave.name, state.options.downdelay, active=slave is state.active))
