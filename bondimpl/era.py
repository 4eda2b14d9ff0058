"""The named differences between the HOWTO's driver and today's.

`howto` does what the HOWTO says and, where it is silent, what its driver (2.6.12) did; `6.x` does what
the present kernel driver does. Each difference is one rule here, looked up here only. The D numbers are
explained in docs/eras.md.
"""

from __future__ import annotations

from dataclasses import dataclass

from bondimpl.errors import OptionError


@dataclass(frozen=True, slots=True)
class Era:
    """One value for each rule on which the two drivers differ."""

    name: str

    empty_bond_mac_is_zero: bool
    """D1, D2: a bond without slaves has the address 00:00:00:00:00:00; otherwise a random local one."""

    enslave_needs_bond_up: bool
    """D4: enslaving to a bond that is down is refused."""

    busy_while_up: bool
    """A bond that is up is not removed as the driver would be: section 3.3 wants it taken down first."""

    successor_from_ring: bool
    """D5: the next active slave is the next in the ring after the failed one; otherwise the first listed."""

    reselect_on_enslave: bool
    """D6: a slave that joins makes the bond choose its active slave anew."""

    count_failure_at_detection: bool
    """D7: a failure counts when it is seen, not a wait cut short; otherwise when downdelay is over."""

    bypass_in_every_mode: bool
    """D8: updelay is ignored in every mode when all links are down; otherwise as each mode's tables allow."""

    arp_sees_device_traffic: bool
    """D9: what the ARP monitor takes for sent is any frame that the device sent; otherwise its own probes."""

    arp_windows_sharp: bool
    """D10: the ARP monitor gives a slave whole intervals; otherwise half of one more."""

    arp_ignores_routes: bool
    """D11: ARP probes go out wherever routes lead, with the bond's first address if none fits the target;
    otherwise a target that is reached by another device is not asked, and the sender may be 0.0.0.0."""

    arp_silence_needs_address: bool
    """D11: a bond without an address does not hold silence against a slave, since switches and hosts may
    ignore its probes."""

    arp_forgives_start: bool
    """A slave has all its intervals from the start of the ARP monitor on, and joins as up; otherwise it joins
    by its carrier, and is judged at once by what was before."""

    arp_needs_target: bool
    """On a live bond, too, the ARP monitor does not run without a target (section 2); otherwise it runs, and
    finds silence."""

    carrier_tested_at_transmit: bool
    """No mode but active-backup sends by a slave that lacks a carrier or is about to be declared
    down, whatever the monitor; otherwise a slave is used until the monitor has disabled it."""

    xor_of_mac_addresses: bool
    """D16: balance-xor is (source XOR destination MAC) modulo all slaves; otherwise a hash modulo the
    usable ones."""

    round_robin_from_first: bool
    """D18: balance-rr deals evenly over the available slaves from the first; otherwise from the second on,
    and a dead slave's turn goes to its successor."""

    balances_by_destination: bool
    """D20: balance-tlb knows a flow by its destination's address, as balance-alb does, and both send
    multicast and neighbour discovery by any slave, too; otherwise balance-tlb goes by `xmit_hash_policy`."""

    new_flow_has_weight: bool
    """D20: a flow that was never measured counts 1 byte/s, so flows alternate from the start; otherwise 0,
    and all go to the first slave until the first rebalance."""

    old_learning_packets: bool
    """D21: EtherType 0x0060, three at a time, tagged with the VLANs in turn; otherwise 0x9000, one without a
    tag and one for each VLAN, and none in balance-tlb without `tlb_dynamic_lb`."""

    arp_request_by_active: bool
    """D22: balance-alb sends an ARP request by the active slave; otherwise by the slave that the client it
    asks for is assigned to, whose address is the Ethernet source."""

    tlb_users_mac_for_all: bool
    """In balance-tlb an address that the user gives to the bond goes to every slave; otherwise to the active
    one."""

    assumes_speed: bool
    """D29: in 802.3ad a slave that does not tell its speed counts as 100 Mbit/s, full duplex; otherwise it
    is kept down. balance-tlb and balance-alb assume that in both eras, but only here they say so."""

    polls_speed: bool
    """D30: where speeds matter (802.3ad, balance-tlb, balance-alb) each poll of the MII monitor reads speed
    and duplex; otherwise only device events."""

    link_loss_restarts_port: bool
    """D33: a port forgets its partner when its link is lost; otherwise its state freezes, and it starts from
    scratch when the link is back."""

    farewell_keeps_sync: bool
    """D34: the last LACPDU of a leaving slave clears Aggregation only; otherwise also Synchronization,
    Collecting and Distributing."""

    vlan_needs_slave: bool
    """D1: a VLAN device cannot be made while the bond has no slave, and so no address for it."""

    vlan_keeps_mac: bool
    """D1: a VLAN device keeps the address that it was made with; otherwise it follows the bond's while it is
    up and has not been given one of its own."""

    vlan_mac_makes_promiscuous: bool
    """An address given to a VLAN device makes the bond promiscuous; otherwise slaves hear that one, too."""

    peer_notice_one_short: bool
    """num_grat_arp N of 2 or more without peer_notif_delay sends N - 1 (fixed after 6.1)."""

    modern_proc: bool
    """D25: layout of /proc/net/bonding."""

    modern_log: bool
    """Wording of the log lines."""


HOWTO = Era(
    name="howto",
    empty_bond_mac_is_zero=True,
    enslave_needs_bond_up=True,
    busy_while_up=True,
    successor_from_ring=True,
    reselect_on_enslave=False,
    count_failure_at_detection=True,
    bypass_in_every_mode=True,
    arp_sees_device_traffic=True,
    arp_windows_sharp=True,
    arp_ignores_routes=True,
    arp_silence_needs_address=True,
    arp_forgives_start=True,
    arp_needs_target=True,
    carrier_tested_at_transmit=False,
    xor_of_mac_addresses=True,
    round_robin_from_first=True,
    balances_by_destination=True,
    new_flow_has_weight=True,
    old_learning_packets=True,
    arp_request_by_active=True,
    tlb_users_mac_for_all=False,
    assumes_speed=True,
    polls_speed=True,
    link_loss_restarts_port=True,
    farewell_keeps_sync=True,
    vlan_needs_slave=True,
    vlan_keeps_mac=True,
    vlan_mac_makes_promiscuous=True,
    peer_notice_one_short=False,
    modern_proc=False,
    modern_log=False,
)

SIX = Era(
    name="6.x",
    empty_bond_mac_is_zero=False,
    enslave_needs_bond_up=False,
    busy_while_up=False,
    successor_from_ring=False,
    reselect_on_enslave=True,
    count_failure_at_detection=False,
    bypass_in_every_mode=False,
    arp_sees_device_traffic=False,
    arp_windows_sharp=False,
    arp_ignores_routes=False,
    arp_silence_needs_address=False,
    arp_forgives_start=False,
    arp_needs_target=False,
    carrier_tested_at_transmit=True,
    xor_of_mac_addresses=False,
    round_robin_from_first=False,
    balances_by_destination=False,
    new_flow_has_weight=False,
    old_learning_packets=False,
    arp_request_by_active=False,
    tlb_users_mac_for_all=True,
    assumes_speed=False,
    polls_speed=False,
    link_loss_restarts_port=False,
    farewell_keeps_sync=False,
    vlan_needs_slave=False,
    vlan_keeps_mac=False,
    vlan_mac_makes_promiscuous=False,
    peer_notice_one_short=True,
    modern_proc=True,
    modern_log=True,
)

ERAS = {era.name: era for era in (HOWTO, SIX)}


def era(name: str) -> Era:
    """The era of that name. Raises OptionError."""
    if name not in ERAS:
        raise OptionError("era", name, f"allowed: {', '.join(ERAS)}")
    return ERAS[name]
