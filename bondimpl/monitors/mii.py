"""The MII monitor: every `miimon` ms it reads each slave's link and moves the slave's state (HOWTO 8.3)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from bondimpl.machine import LinkProbe
from bondimpl.messages import Messages
from bondimpl.slave import Link, Slave
from bondimpl.state import BondState


@dataclass(frozen=True, slots=True)
class Verdict:
    """A slave whose link is now definitely up, or definitely down."""

    slave: Slave
    up: bool


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
