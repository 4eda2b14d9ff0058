"""How options act on each other, at load and at run time (HOWTO section 2)."""

from __future__ import annotations

import pytest

from bondimpl.errors import OptionError
from bondimpl.options import BondOptions
from bondimpl.settle import at_load, at_runtime


def load(**texts: str) -> tuple[BondOptions, tuple[str, ...]]:
    return at_load(texts)


@pytest.mark.parametrize("delay", ["updelay", "downdelay", "peer_notif_delay"])
@pytest.mark.parametrize(
    ("given_ms", "used_ms"), [(400, 400), (450, 400), (99, 0), (100, 100), (0, 0), (199, 100)]
)
def test_delays_are_rounded_down_to_polls(delay: str, given_ms: int, used_ms: int) -> None:
    options, warnings = load(miimon="100", **{delay: str(given_ms)})
    assert getattr(options, delay) == used_ms
    assert len(warnings) == (given_ms != used_ms)
    assert all(delay in w and str(used_ms) in w for w in warnings)


def test_a_delay_without_miimon() -> None:
    options, warnings = load(updelay="200")
    assert options.updelay == 0
    assert "updelay" in warnings[0]
    with pytest.raises(OptionError) as refusal:
        runtime(options, "updelay", "200")
    with pytest.raises(OptionError, match="it needs miimon"):
        runtime(options, "updelay", "0")
    assert refusal.value.errno == "EPERM"


def test_miimon_wins_over_arp_interval() -> None:
    options, warnings = load(miimon="100", arp_interval="200", arp_ip_target="10.0.0.1")
    assert (options.miimon, options.arp_interval) == (100, 0)
    assert "arp_interval" in warnings[0]


def test_an_arp_interval_without_a_target_is_off() -> None:
    options, warnings = load(arp_interval="200")
    assert options.arp_interval == 0
    assert "arp_ip_target" in warnings[0]
    assert runtime(options, "arp_interval", "200").arp_interval == 200, "it may come before its targets"


@pytest.mark.parametrize("mode", ["balance-rr", "balance-xor", "broadcast"])
def test_primary_has_no_effect_in_other_modes(mode: str) -> None:
    options, warnings = load(mode=mode, primary="eth1")
    assert options.primary is None
    assert "primary" in warnings[0]
    with pytest.raises(OptionError) as refusal:
        runtime(options, "primary", "eth1")
    assert refusal.value.errno == "EACCES"


def test_an_option_given_under_two_names() -> None:
    with pytest.raises(OptionError, match="twice"):
        load(num_grat_arp="1", num_unsol_na="2")


def runtime(
    options: BondOptions, name: str, text: str, *, up: bool = False, slaves: bool = False
) -> BondOptions:
    return at_runtime(options, name, text, up=up, has_slaves=slaves)[0]


def test_a_new_period_rescales_the_delays() -> None:
    before = load(miimon="100", updelay="500")[0]
    assert runtime(before, "miimon", "50").updelay == 250
    assert runtime(before, "updelay", "250").updelay == 200
    assert runtime(before, "miimon", "0").updelay == 0


@pytest.mark.parametrize("off", [("miimon", "0"), ("arp_interval", "200")])
def test_the_delays_come_back_with_the_next_period(off: tuple[str, str]) -> None:
    before = load(mode="active-backup", miimon="100", updelay="500", arp_ip_target="10.0.0.1")[0]
    without = runtime(before, *off)
    assert (without.miimon, without.updelay) == (0, 0)
    assert runtime(without, "miimon", "200").updelay == 1000
    assert runtime(without, "mode", "802.3ad").updelay == 500  # which forces a miimon of 100
    assert runtime(runtime(without, "miimon", "200"), "updelay", "400").updelay == 400


def test_a_period_that_is_forced_keeps_the_delays() -> None:
    before = load(mode="802.3ad", miimon="50", updelay="500")[0]
    after = runtime(before, "miimon", "0")
    assert (after.miimon, after.updelay) == (100, 1000)


def test_of_the_two_monitors_the_last_written_wins_on_a_live_bond() -> None:
    options = load(miimon="100", updelay="200", arp_ip_target="10.0.0.1", arp_validate="all")[0]
    arp = runtime(options, "arp_interval", "100")
    assert (arp.miimon, arp.updelay, arp.arp_interval, arp.arp_validate) == (0, 0, 100, "all")
    mii = runtime(arp, "miimon", "100")
    assert (mii.miimon, mii.arp_interval, mii.arp_validate) == (100, 0, "none")


@pytest.mark.parametrize("mode", ["802.3ad", "balance-tlb", "balance-alb"])
def test_modes_without_the_arp_monitor(mode: str) -> None:
    options, warnings = load(mode=mode, arp_interval="200", arp_ip_target="10.0.0.1")
    assert (options.miimon, options.arp_interval) == (100, 0)
    assert any("arp_interval" in warning for warning in warnings)
    with pytest.raises(OptionError) as refusal:
        runtime(load(mode=mode)[0], "arp_interval", "0")
    assert refusal.value.errno == "EACCES"


SIXTEEN = ",".join(f"10.0.0.{i}" for i in range(1, 17))


@pytest.mark.parametrize(
    ("before", "change", "after"),
    [
        ("", "+10.0.0.1", "10.0.0.1"),
        ("10.0.0.2", "+10.0.0.1", "10.0.0.2,10.0.0.1"),
        ("10.0.0.2,10.0.0.1,10.0.0.3", "-10.0.0.1", "10.0.0.2,10.0.0.3"),
        ("10.0.0.1", "-10.0.0.1", ""),
        ("10.0.0.1", "10.0.0.2,10.0.0.3", "10.0.0.2,10.0.0.3"),
        ("10.0.0.1", "+10.0.0.1", None),
        ("10.0.0.1", "-10.0.0.2", None),
        (SIXTEEN, "+10.0.0.17", None),
        ("10.0.0.1", "+", None),
        ("10.0.0.1", "-", None),
        ("10.0.0.1", "+0.0.0.0", None),
        ("10.0.0.1", "+255.255.255.255", None),
        ("10.0.0.1", "+peer", None),
    ],
)
def test_targets_of_a_live_bond(before: str, change: str, after: str | None) -> None:
    options = load(arp_ip_target=before)[0]
    if after is None:
        with pytest.raises(OptionError) as refusal:
            runtime(options, "arp_ip_target", change)
        assert refusal.value.errno == "EINVAL"
    else:
        changed = runtime(options, "arp_ip_target", change)
        assert ",".join(str(target) for target in changed.arp_ip_target) == after


def test_a_new_bond_has_no_targets_to_differ_from() -> None:
    with pytest.raises(OptionError):
        load(arp_ip_target="+10.0.0.1")


def test_checks_come_in_the_drivers_order() -> None:
    options = load(mode="1", miimon="100")[0]
    for name, text, errno in [
        ("packets_per_slave", "nonsense", "EACCES"),  # the mode before the value
        ("mode", "nonsense", "ENOTEMPTY"),  # slaves before up and value
        ("updelay", "x", "EINVAL"),
    ]:
        with pytest.raises(OptionError) as refusal:
            runtime(options, name, text, up=True, slaves=True)
        assert refusal.value.errno == errno
    with pytest.raises(OptionError) as refusal:
        runtime(options, "mode", "nonsense", up=True)
    assert refusal.value.errno == "EBUSY"
    with pytest.raises(OptionError) as refusal:
        runtime(load(mode="1")[0], "updelay", "100")
    assert refusal.value.errno == "EPERM"
