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

    successor_from_ring: bool
    """D5: the next active slave is the next in the ring after the failed one; otherwise the first listed."""

    reselect_on_enslave: bool
    """D6: a slave that joins makes the bond choose its active slave anew."""

    count_failure_at_detection: bool
    """D7: a failure counts when it is seen, not a wait cut short; otherwise when downdelay is over."""

    bypass_in_every_mode: bool
    """D8: updelay is ignored in every mode when all links are down; otherwise as each mode's tables allow."""

    monitors_conflict_mii_wins: bool
    """D13: miimon and arp_interval together give miimon and a warning; otherwise an error."""

    foreign_option_is_error: bool
    """D14: an option that the mode does not have is refused; otherwise it is ignored with a warning."""

    xor_of_mac_addresses: bool
    """D16: balance-xor is (source XOR destination MAC) modulo all slaves; otherwise a hash modulo the
    usable ones."""

    round_robin_from_first: bool
    """D18: balance-rr deals evenly over the available slaves from the first; otherwise from the second on,
    and a dead slave's turn goes to its successor."""

    assumes_speed: bool
    """D29: in 802.3ad a slave that does not tell its speed counts as 100 Mbit/s, full duplex; otherwise it
    is kept down."""

    polls_speed: bool
    """D30: in 802.3ad each poll of the MII monitor reads speed and duplex; otherwise only device events."""

    aggregator_is_sticky: bool
    """D32: an active aggregator with a partner stays active though all its links be down."""

    link_loss_restarts_port: bool
    """D33: a port forgets its partner when its link is lost; otherwise its state freezes, and it starts from
    scratch when the link is back."""

    farewell_keeps_sync: bool
    """D34: the last LACPDU of a leaving slave clears Aggregation only; otherwise also Synchronization,
    Collecting and Distributing."""

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
    successor_from_ring=True,
    reselect_on_enslave=False,
    count_failure_at_detection=True,
    bypass_in_every_mode=True,
    monitors_conflict_mii_wins=True,
    foreign_option_is_error=False,
    xor_of_mac_addresses=True,
    round_robin_from_first=True,
    assumes_speed=True,
    polls_speed=True,
    aggregator_is_sticky=True,
    link_loss_restarts_port=True,
    farewell_keeps_sync=True,
    peer_notice_one_short=False,
    modern_proc=False,
    modern_log=False,
)

SIX = Era(
    name="6.x",
    empty_bond_mac_is_zero=False,
    enslave_needs_bond_up=False,
    successor_from_ring=False,
    reselect_on_enslave=True,
    count_failure_at_detection=False,
    bypass_in_every_mode=False,
    monitors_conflict_mii_wins=False,
    foreign_option_is_error=True,
    xor_of_mac_addresses=False,
    round_robin_from_first=False,
    assumes_speed=False,
    polls_speed=False,
    aggregator_is_sticky=False,
    link_loss_restarts_port=False,
    farewell_keeps_sync=False,
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
