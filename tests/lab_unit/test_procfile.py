"""Status files of every layout read into the same view."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.errors import LabError
from lab.lacp import NO_SYSTEM, LacpState
from lab.procblock import ParseError
from lab.procfile import MODES, BondView, SlaveView, parse
from lab.procfile_ad import AdView, AggregatorView, LacpPduView

DATA = Path(__file__).parent.parent / "data" / "proc"
SAMPLES = sorted(DATA.glob("*/*.txt"))


def view(name: str) -> BondView:
    return parse((DATA / name).read_text())


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_every_sample_is_read_and_nothing_of_it_lost(path: Path) -> None:
    text = path.read_text()
    bond = parse(text)
    assert bond.version in text
    assert bond.pretty_mode in text
    assert MODES[bond.pretty_mode] == bond.mode
    assert list(bond.slave_names) == [
        line.split(": ")[1] for line in text.splitlines() if line.lstrip().startswith("Slave Interface: ")
    ]


def test_the_sample_of_the_howto() -> None:
    assert view("2.6/howto_sample.txt") == BondView(
        version="2.6.1 (October 29, 2004)",
        mode="balance-rr",
        pretty_mode="load balancing (round-robin)",
        active="eth0",
        mii_status="up",
        miimon_ms=1000,
        updelay_ms=0,
        downdelay_ms=0,
        slaves=(SlaveView("eth1", "up", 1), SlaveView("eth0", "up", 1)),
    )


def test_active_backup_of_2_6() -> None:
    bond = view("2.6/active_backup.txt")
    assert (bond.mode, bond.active, bond.primary) == ("active-backup", "eth0", "eth1")
    assert (bond.miimon_ms, bond.updelay_ms, bond.downdelay_ms) == (100, 200, 300)
    assert bond.slave("eth1") == SlaveView("eth1", "down", 3, permanent_mac="02:00:00:00:00:02")


def test_active_backup_of_6_x_with_everything_set() -> None:
    bond = view("6.x/mode1_variant_primary_fom_active_delays.txt")
    assert bond.pretty_mode == "fault-tolerance (active-backup)"
    assert (bond.primary, bond.active) == ("eth1", "eth1")
    assert (bond.updelay_ms, bond.downdelay_ms) == (200, 100)
    assert bond.extra["fail_over_mac"] == "active"
    assert bond.extra["primary_reselect"] == "always"
    assert bond.extra["Peer Notification Delay (ms)"] == "300"
    assert bond.slave("eth0") == SlaveView("eth0", "up", 0, "02:00:00:00:00:01", 10000, "full", 0)


def test_none_means_nobody() -> None:
    bond = view("6.x/mode1_active-backup_03_both_down.txt")
    assert bond.active is None
    assert bond.primary is None
    assert [slave.mii_status for slave in bond.slaves] == ["down", "down"]


def test_states_in_the_drivers_own_words() -> None:
    assert (
        view("6.x/mode1_active-backup_05_eth1_going_back_updelay3000.txt").slave("eth1").mii_status
        == "going back"
    )
    going = view("6.x/mode1_active-backup_07_eth0_going_down_downdelay3000.txt")
    assert going.slave("eth0").mii_status == "going down"


def test_arp_monitor() -> None:
    assert view("6.x/mode0_variant_arp.txt").arp_targets == ("10.0.0.2",)
    bond = view("6.x/mode1_variant_arp_two_targets_fom_follow.txt")
    assert (bond.arp_interval_ms, bond.arp_targets) == (200, ("10.0.0.2", "10.0.0.3"))
    six = view("6.x/mode1_variant_ns_ip6_target.txt")
    assert six.arp_targets == ()
    assert six.extra["NS IPv6 target/s (xx::xx form)"] == "2001:db8::2, fe80::1"


def test_802_3ad() -> None:
    bond = view("6.1/mode4_b2b_passive_slow_adactor_t12s.txt")
    assert bond.ad == AdView(
        lacp_rate="slow",
        aggregator=AggregatorView(1, 2, 6415, 15, "7e:13:98:07:d2:1c"),
        lacp_active="off",
        min_links=2,
        ad_select="bandwidth",
        system_priority=32768,
        system_mac="02:aa:bb:cc:dd:ee",
    )
    slave = bond.slave("eth1")
    assert slave.aggregator_id == 1
    settled = LacpState.AGGREGATION | LacpState.SYNCHRONIZATION
    settled |= LacpState.COLLECTING | LacpState.DISTRIBUTING
    assert slave.actor == LacpPduView(32768, "02:aa:bb:cc:dd:ee", 6415, 255, 2, settled)
    assert slave.partner == LacpPduView(65535, "7e:13:98:07:d2:1c", 15, 255, 2, settled | LacpState.ACTIVITY)


def test_802_3ad_of_2_6() -> None:
    bond = view("2.6/802.3ad.txt")
    assert bond.ad == AdView("slow", AggregatorView(2, 1, 17, 1, NO_SYSTEM))
    assert [slave.aggregator_id for slave in bond.slaves] == [None, 2]
    assert (bond.slave("eth1").actor, bond.slave("eth1").partner) == (None, None)


def test_an_aggregator_with_and_without_a_partner() -> None:
    for name, has_partner in (("b2b_fast_t15s", True), ("partner_gone_10s", False)):
        ad = view(f"6.1/mode4_{name}.txt").ad
        assert ad is not None
        assert ad.aggregator is not None
        assert ad.aggregator.has_partner == has_partner


@pytest.mark.parametrize("name", ["6.1/mode4_802.3ad_03_both_down", "6.1/mode4_unprivileged_reader"])
def test_no_aggregator_shown(name: str) -> None:
    ad = view(f"{name}.txt").ad
    assert ad is not None
    assert ad.aggregator is None


def test_other_modes_say_nothing_of_802_3ad() -> None:
    bond = view("6.x/mode0_balance-rr_01_both_up.txt")
    assert (bond.ad, bond.slaves[0].actor) == (None, None)


@pytest.mark.parametrize(
    "path", [path for path in SAMPLES if "mode4" in path.name], ids=lambda path: path.stem
)
def test_all_that_is_said_of_802_3ad_has_its_place(path: Path) -> None:
    bond = parse(path.read_text())
    assert set(bond.extra) == {"Transmit Hash Policy", "Peer Notification Delay (ms)"}
    churn = {f"{who} {what}" for who in ("Actor", "Partner") for what in ("Churn State", "Churned Count")}
    assert all(set(slave.extra) == churn for slave in bond.slaves)


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("\tNumber of ports: 2", "", "nothing says 'Active Aggregator Info / Number of ports'"),
        ("\tPartner Key: 15", "\tPartner Key: x", "is no number: 'x'"),
        ("    oper key: 15", "", "nothing says 'details partner lacp pdu / oper key'"),
    ],
)
def test_an_802_3ad_part_that_is_torn(old: str, new: str, why: str) -> None:
    text = (DATA / "6.1/mode4_b2b_fast_t15s.txt").read_text()
    with pytest.raises(ParseError, match=why):
        parse(text.replace(old, new))


def test_unknown_speed_and_duplex() -> None:
    text = (DATA / "6.x/mode0_balance-rr_01_both_up.txt").read_text()
    slave = parse(text.replace("10000 Mbps", "Unknown").replace("full", "Unknown")).slave("eth0")
    assert (slave.speed_mbit, slave.duplex) == (None, None)


def test_a_slave_that_is_not_there() -> None:
    with pytest.raises(LabError, match="no slave eth7 in the bond; it has eth0, eth1"):
        view("6.x/mode0_balance-rr_01_both_up.txt").slave("eth7")


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_the_place_of_a_line_does_not_matter(path: Path) -> None:
    """Blank lines anywhere, other indentation, Windows line ends: the same bond."""
    text = path.read_text()
    assert parse("\r\n\r\n".join(f"   {line.strip()} " for line in text.splitlines())) == parse(text)


@pytest.mark.parametrize(
    ("old", "new", "line", "why"),
    [
        ("Bonding Mode: load balancing (round-robin)", "", 1, "Bonding Mode"),
        ("load balancing (round-robin)", "load balancing (square-robin)", 1, "unknown bonding mode"),
        ("Link Failure Count: 0", "Link Failure Count: few", 14, "is no number: 'few'"),
        ("Slave Interface: eth1", "Slave Interface: eth0", 18, "listed twice"),
        ("Duplex: full", "Oops", 13, "cannot be read: 'Oops'"),
        ("Duplex: full", "Speed: 10 Mbps", 13, "'Speed' a second time"),
    ],
)
def test_nonsense_is_refused_with_its_line(old: str, new: str, line: int, why: str) -> None:
    text = (DATA / "6.x/mode0_balance-rr_01_both_up.txt").read_text().replace(old, new)
    with pytest.raises(ParseError, match=why) as caught:
        parse(text)
    assert caught.value.line == line


@given(st.text(max_size=300))
def test_any_text_is_read_or_refused(text: str) -> None:
    with pytest.raises(ParseError):
        parse(text)


def test_views_are_data() -> None:
    bond = view("6.x/mode0_balance-rr_01_both_up.txt")
    assert replace(bond, mii_status="down") != bond
