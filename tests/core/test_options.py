"""The option table: spellings, defaults, ranges, refusals (HOWTO section 2)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bondimpl.errors import OptionError, UnknownOption
from bondimpl.option_kinds import Mode
from bondimpl.options import BondOptions, DriverOptions, SlaveOptions, as_text, row, table

HOWTO_DEFAULTS = {
    "mode": "balance-rr",
    "miimon": "0",
    "updelay": "0",
    "downdelay": "0",
    "use_carrier": "on",
    "arp_interval": "0",
    "arp_ip_target": "",
    "primary": "",
    "lacp_rate": "slow",
}

LATER_DEFAULTS = {
    "peer_notif_delay": "0",
    "num_grat_arp": "1",
    "xmit_hash_policy": "layer2",
    "primary_reselect": "always",
    "fail_over_mac": "none",
    "packets_per_slave": "1",
    "all_slaves_active": "off",
    "resend_igmp": "1",
    "arp_validate": "none",
    "arp_all_targets": "any",
    "arp_missed_max": "2",
    "ns_ip6_target": "",
    "lp_interval": "1",
    "tlb_dynamic_lb": "on",
    "min_links": "0",
    "ad_select": "stable",
    "lacp_active": "on",
    "ad_actor_sys_prio": "65535",
    "ad_actor_system": "00:00:00:00:00:00",
    "ad_user_port_key": "0",
    "coupled_control": "on",
    "broadcast_neighbor": "off",
    "lacp_strict": "off",
}


def test_every_option_has_the_documented_default() -> None:
    assert as_text(BondOptions()) == HOWTO_DEFAULTS | LATER_DEFAULTS
    assert as_text(DriverOptions()) == {"max_bonds": "1", "tx_queues": "16"}
    assert as_text(SlaveOptions()) == {"prio": "0", "queue_id": "0", "actor_port_prio": "255"}


def test_the_howto_options_are_marked_as_such() -> None:
    howto = {name for name, r in table().items() if r.since == "HOWTO"}
    assert howto == set(HOWTO_DEFAULTS)


@pytest.mark.parametrize(("number", "word"), list(enumerate(Mode)))
def test_a_mode_has_a_name_and_a_number(number: int, word: str) -> None:
    assert row("mode").parse(word) is row("mode").parse(str(number)) is list(Mode)[number]


@pytest.mark.parametrize(
    ("option", "words"),
    [
        ("lacp_rate", "slow fast"),
        ("primary_reselect", "always better failure"),
        ("fail_over_mac", "none active follow"),
        ("xmit_hash_policy", "layer2 layer3+4 layer2+3 encap2+3 encap3+4 vlan+srcmac"),
        ("arp_validate", "none active backup all filter filter_active filter_backup"),
        ("arp_all_targets", "any all"),
        ("ad_select", "stable bandwidth count"),
        ("use_carrier", "off on"),
        ("all_slaves_active", "off on"),
        ("tlb_dynamic_lb", "off on"),
        ("lacp_active", "off on"),
    ],
)
def test_words_and_numbers_mean_the_same(option: str, words: str) -> None:
    known = row(option)
    for number, word in enumerate(words.split()):
        value = known.parse(word)
        assert known.parse(str(number)) == value
        assert known.kind.text(value) == word
        assert known.kind.number(value) == number


@pytest.mark.parametrize(
    ("option", "text"),
    [
        ("mode", "7"),
        ("mode", "balance"),
        ("mode", "BALANCE-RR"),
        ("mode", "0x1"),
        ("mode", "-1"),
        ("mode", ""),
        ("miimon", "-1"),
        ("miimon", "1.5"),
        ("miimon", "2147483648"),
        ("miimon", "\u0661"),
        ("use_carrier", "2"),
        ("lacp_rate", "medium"),
        ("num_grat_arp", "256"),
        ("packets_per_slave", "65536"),
        ("peer_notif_delay", "300001"),
        ("arp_missed_max", "0"),
        ("lp_interval", "0"),
        ("ad_user_port_key", "1024"),
        ("ad_actor_sys_prio", "0"),
        ("ad_actor_system", "01:00:00:00:00:01"),
        ("ad_actor_system", "garbage"),
        ("primary", "a name"),
        ("primary", "sixteen-letters-"),
        ("arp_ip_target", "10.0.0"),
        ("arp_ip_target", "0.0.0.0"),
        ("arp_ip_target", "255.255.255.255"),
        ("arp_ip_target", "10.0.0.1,10.0.0.1"),
        ("arp_ip_target", ",".join(f"10.0.0.{i}" for i in range(1, 18))),
        ("ns_ip6_target", "::1"),
        ("ns_ip6_target", "ff02::1"),
    ],
)
def test_a_bad_value_is_refused_by_name(option: str, text: str) -> None:
    with pytest.raises(OptionError) as refusal:
        row(option).parse(text)
    message = str(refusal.value)
    assert option in message
    assert repr(text) in message
    assert "allowed" in message


def test_an_unknown_option_is_refused() -> None:
    with pytest.raises(UnknownOption, match=r"no option 'miimoon'; did you mean miimon\?"):
        row("miimoon")
    with pytest.raises(UnknownOption, match="no option 'xyzzy'; there are mode, miimon"):
        row("xyzzy")
    with pytest.raises(UnknownOption, match="no option 'prio' of a bond; it is one of a slave"):
        row("prio")


@pytest.mark.parametrize(
    ("alias", "name"),
    [
        ("num_unsol_na", "num_grat_arp"),
        ("peer_notify_delay", "peer_notif_delay"),
        ("missed_max", "arp_missed_max"),
    ],
)
def test_other_spellings_of_a_name(alias: str, name: str) -> None:
    assert row(alias) is row(name)


def test_sixteen_targets_are_possible() -> None:
    text = ",".join(f"10.0.0.{i}" for i in range(1, 17))
    assert row("arp_ip_target").kind.text(row("arp_ip_target").parse(text)) == text


@given(st.sampled_from(sorted(table())), st.text(max_size=20))
def test_any_text_is_a_value_or_an_option_error(option: str, text: str) -> None:
    try:
        value = row(option).parse(text)
    except OptionError:
        return
    assert row(option).parse(row(option).kind.text(value)) == value
