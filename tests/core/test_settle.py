"""How options act on each other, at load and at run time (HOWTO section 2)."""

from __future__ import annotations

import pytest

from bondimpl.era import HOWTO, SIX
from bondimpl.errors import NotBuilt, OptionError
from bondimpl.options import BondOptions
from bondimpl.settle import at_load, at_runtime


def load(era_: object = HOWTO, **texts: str) -> tuple[BondOptions, tuple[str, ...]]:
    return at_load(texts, HOWTO if era_ is HOWTO else SIX)


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
        load(SIX, updelay="200")
    assert refusal.value.errno == "EPERM"


def test_miimon_wins_over_arp_interval() -> None:
    options, warnings = load(miimon="100", arp_interval="200", arp_ip_target="10.0.0.1")
    assert (options.miimon, options.arp_interval) == (100, 0)
    assert "arp_interval" in warnings[0]
    with pytest.raises(OptionError, match="not together with miimon"):
        load(SIX, miimon="100", arp_interval="200", arp_ip_target="10.0.0.1")


def test_an_arp_interval_without_a_target_is_off() -> None:
    options, warnings = load(arp_interval="200")
    assert options.arp_interval == 0
    assert "arp_ip_target" in warnings[0]


@pytest.mark.parametrize("mode", ["balance-rr", "balance-xor", "broadcast"])
def test_primary_has_no_effect_in_other_modes(mode: str) -> None:
    options, warnings = load(mode=mode, primary="eth1")
    assert options.primary is None
    assert "primary" in warnings[0]
    with pytest.raises(OptionError) as refusal:
        load(SIX, mode=mode, primary="eth1")
    assert refusal.value.errno == "EACCES"


@pytest.mark.parametrize(
    "texts",
    [
        {"mode": "balance-tlb"},
        {"mode": "6"},
        {"arp_interval": "100", "arp_ip_target": "10.0.0.1"},
        {"mode": "1", "fail_over_mac": "active"},
        {"mode": "4", "broadcast_neighbor": "1"},
    ],
)
def test_what_is_not_built_says_so(texts: dict[str, str]) -> None:
    with pytest.raises(NotBuilt, match="not built yet"):
        at_load(texts, HOWTO)


def test_an_option_given_under_two_names() -> None:
    with pytest.raises(OptionError, match="twice"):
        load(num_grat_arp="1", num_unsol_na="2")


def runtime(
    options: BondOptions, name: str, text: str, *, up: bool = False, slaves: bool = False
) -> BondOptions:
    return at_runtime(options, name, text, up=up, has_slaves=slaves, era=SIX)[0]


def test_a_new_period_rescales_the_delays() -> None:
    before = load(SIX, miimon="100", updelay="500")[0]
    assert runtime(before, "miimon", "50").updelay == 250
    assert runtime(before, "updelay", "250").updelay == 200
    assert runtime(before, "miimon", "0").updelay == 0


@pytest.mark.parametrize("era_", [HOWTO, SIX])
def test_the_arp_monitor_does_not_put_the_mii_monitor_out_by_the_way(era_: object) -> None:
    options = load(era_, miimon="100")[0]
    with pytest.raises(NotBuilt):
        runtime(options, "arp_interval", "100")


def test_checks_come_in_the_drivers_order() -> None:
    options = load(SIX, mode="1", miimon="100")[0]
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
        runtime(load(SIX, mode="1")[0], "updelay", "100")
    assert refusal.value.errno == "EPERM"
