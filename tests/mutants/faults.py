"""The faults: one small change to bondimpl each, and where cases are expected to notice."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Mutant:
    """In `file`, the text `old` (which stands there exactly once) becomes `new`; `cases` must then fail."""

    name: str
    file: str
    old: str
    new: str
    cases: tuple[str, ...]
    topology: str = "single_switch"


_OPTIONS = "testcases/section_02_options"
_LACP = "testcases/section_12_high_availability"

MUTANTS = (
    Mutant(
        "round robin stays on the first slave",
        "bondimpl/forwarding.py",
        "                self._sent += 1\n",
        "",
        (f"{_OPTIONS}/test_balance_rr.py",),
    ),
    Mutant(
        "round robin forgets the last slave",
        "bondimpl/modes/balance_rr.py",
        "RoundRobin(tuple(s.name for s in self.senders()), 0, per_slave)",
        "RoundRobin(tuple(s.name for s in self.senders())[:-1], 0, per_slave)",
        (f"{_OPTIONS}/test_balance_rr.py",),
    ),
    Mutant(
        "round robin deals in reverse",
        "bondimpl/modes/balance_rr.py",
        "RoundRobin(tuple(s.name for s in self.senders()), 0, per_slave)",
        "RoundRobin(tuple(s.name for s in self.senders())[::-1], 0, per_slave)",
        (f"{_OPTIONS}/test_balance_rr.py",),
    ),
    Mutant(
        "failover chooses a slave whose link is down",
        "bondimpl/selection.py",
        "return next((slave for slave in ring if slave.link is Link.UP), None)",
        "return next((slave for slave in ring if slave.link is not Link.UP), None)",
        (f"{_OPTIONS}/test_active_backup.py",),
    ),
    Mutant(
        "the first slave takes over again as soon as it recovers",
        "bondimpl/link_control.py",
        "                reselect |= active is None or wanted\n",
        "                self._state.active = slave\n                reselect |= True\n",
        (f"{_OPTIONS}/test_active_backup.py",),
    ),
    Mutant(
        "a released slave keeps the bond's address",
        "bondimpl/membership.py",
        "            partial(self._machine.set_slave_mac, name, slave.permanent_mac),\n",
        "",
        ("testcases/section_14_faq/test_mac_address.py",),
    ),
    Mutant(
        "a released slave keeps the bond's MTU",
        "bondimpl/membership.py",
        "            partial(self._machine.set_slave_mtu, name, slave.original.mtu),\n",
        "",
        ("testcases/section_14_faq/test_detach.py",),
    ),
    Mutant(
        "the bond never loses carrier (status)",
        "bondimpl/runtime/bond_machine.py",
        "self._tap.set_carrier(up)",
        "self._tap.set_carrier(True)",
        ("testcases/section_05_query/test_status_text.py",),
    ),
    Mutant(
        "the bond never loses carrier (switch off)",
        "bondimpl/runtime/bond_machine.py",
        "self._tap.set_carrier(up)",
        "self._tap.set_carrier(True)",
        ("testcases/section_12_high_availability/test_single_switch.py",),
    ),
    Mutant(
        "updelay is waited out even when all links are down",
        "bondimpl/modes/base.py",
        "            return not self.state.carrying\n",
        "            return False\n",
        ("testcases/section_12_high_availability/test_updelay.py",),
    ),
    Mutant(
        "the slave that waited longest is not preferred",
        "bondimpl/selection.py",
        "return min(waiting, key=lambda slave: slave.delay, default=None)",
        "return max(waiting, key=lambda slave: slave.delay, default=None)",
        ("testcases/section_12_high_availability/test_updelay.py",),
    ),
    Mutant(
        "updelay does nothing",
        "bondimpl/monitors/mii.py",
        "slave.link, slave.delay = Link.BACK, state.polls(state.options.updelay)",
        "slave.link, slave.delay = Link.BACK, 0",
        (f"{_OPTIONS}/test_delay_waits.py",),
    ),
    Mutant(
        "downdelay does nothing",
        "bondimpl/monitors/mii.py",
        "slave.link, slave.delay = Link.FAIL, state.polls(state.options.downdelay)",
        "slave.link, slave.delay = Link.FAIL, 0",
        (f"{_OPTIONS}/test_delay_waits.py",),
    ),
    Mutant(
        "inactive slaves are heard",
        "bondimpl/modes/active_backup.py",
        "return (enabled,) if enabled else ()",
        "return self.state.carrying",
        (f"{_OPTIONS}/test_active_backup.py",),
    ),
    Mutant(
        "no gratuitous ARP after a failover",
        "bondimpl/link_control.py",
        "            self._notices.start()\n",
        "            pass\n",
        (f"{_OPTIONS}/test_active_backup.py",),
    ),
    Mutant(
        "links are polled three times too slowly",
        "bondimpl/monitors/mii.py",
        "self._state.options.miimon, self._poll, first_ms=0)",
        "self._state.options.miimon * 3, self._poll, first_ms=0)",
        (f"{_OPTIONS}/test_miimon.py", f"{_OPTIONS}/test_active_backup.py"),
    ),
    Mutant(
        "failures are not counted",
        "bondimpl/monitors/mii.py",
        "    if state.era.count_failure_at_detection:\n        slave.failures += 1\n",
        "",
        ("testcases/section_05_query/test_status_text.py",),
    ),
    Mutant(
        "the primary does not come back",
        "bondimpl/link_control.py",
        "                wanted = slave is self._state.primary or (",
        "                wanted = False and (",
        (f"{_OPTIONS}/test_primary.py",),
    ),
    Mutant(
        "xor looks at the destination only",
        "bondimpl/frames/hashes.py",
        "        return frame[5] ^ frame[11]\n",
        "        return frame[5]\n",
        (f"{_OPTIONS}/test_balance_xor.py",),
    ),
    Mutant(
        "broadcast leaves one slave out",
        "bondimpl/modes/broadcast.py",
        "Replicate(tuple(slave.name for slave in self.senders()))",
        "Replicate(tuple(slave.name for slave in self.senders())[1:])",
        (f"{_OPTIONS}/test_broadcast.py",),
    ),
    Mutant(
        "a dead slave goes on carrying",
        "bondimpl/slave.py",
        "return self.link is Link.UP or (self.link is Link.FAIL and not self.tried)",
        "return True",
        (f"{_OPTIONS}/test_balance_rr.py",),
    ),
    Mutant(
        "slaves keep their own address",
        "bondimpl/membership.py",
        "            machine.set_slave_mac(port.name, bond_mac if addresses.changes_while_up else mac)\n",
        "            machine.set_slave_mac(port.name, port.mac)\n",
        ("testcases/section_05_query",),
    ),
    Mutant(
        "LACPDUs are sent at the pace that we ask of the partner",
        "bondimpl/lacp/periodic.py",
        "wants_fast = port.partner.has(PortState.TIMEOUT)",
        "wants_fast = port.actor.has(PortState.TIMEOUT)",
        (f"{_LACP}/test_lacp_partner.py",),
        "lacp_switch:ovs",
    ),
    Mutant(
        "a silent LACP partner is believed for ever",
        "bondimpl/lacp/receive.py",
        "_AFTER = {Receive.CURRENT: Receive.EXPIRED, Receive.EXPIRED: Receive.DEFAULTED}",
        "_AFTER = {Receive.CURRENT: Receive.CURRENT, Receive.EXPIRED: Receive.EXPIRED}",
        (f"{_LACP}/test_lacp_failures.py",),
        "lacp_switch:ovs",
    ),
    Mutant(
        "ports of another LACP partner join the aggregate",
        "bondimpl/lacp/selection.py",
        "        and aggregator.partner_system == port.partner.system\n"
        "        and aggregator.partner_priority == port.partner.system_priority\n"
        "        and aggregator.partner_key == port.partner.key\n",
        "",
        (f"{_LACP}/test_lacp_failures.py",),
        "lacp_switch:two_ovs",
    ),
    Mutant(
        "slaves outside the LACP aggregate are heard",
        "bondimpl/modes/ieee8023ad.py",
        "        return tuple(slave for slave in self.state.carrying if slave.name in hearing)\n",
        "        return self.state.carrying\n",
        ("testcases/section_13_bladecenter/test_modes.py",),
        "bladecenter:esm",
    ),
    Mutant(
        "no LACPDU says farewell",
        "bondimpl/lacp/aggregation.py",
        "        self._send_lacpdu(port)\n        selection.leave(port)\n",
        "        selection.leave(port)\n",
        (f"{_LACP}/test_lacp_failures.py",),
        "lacp_switch:ovs",
    ),
    Mutant(
        "learning packets of one VLAN only",
        "bondimpl/balance/learning.py",
        "            vlan = vlans[self._turn % len(vlans)] if vlans else None\n",
        "            vlan = vlans[0] if vlans else None\n",
        ("testcases/section_07_vlan/test_own_frames.py",),
    ),
    Mutant(
        "probes of the ARP monitor without the VLAN's tag",
        "bondimpl/monitors/arp_probe.py",
        "return arp.request(source, mac, target, self.path.vlans)",
        "return arp.request(source, mac, target, ())",
        ("testcases/section_07_vlan/test_own_frames.py",),
    ),
    Mutant(
        "every slave of a promiscuous active-backup bond hears all",
        "bondimpl/hearing.py",
        "if not active_only or slave is state.active:",
        "if slave:",
        ("testcases/section_11_promiscuity/test_promiscuity.py",),
    ),
    Mutant(
        "only the active slave is told of VLANs",
        "bondimpl/hearing.py",
        "for vlan in state.vlan_ids:",
        "for vlan in state.vlan_ids if slave is state.active else ():",
        ("testcases/section_07_vlan/test_offloads.py",),
    ),
)
