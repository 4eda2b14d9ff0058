"""/proc/net/bonding text in both layouts (HOWTO section 5.1)."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from bondimpl.frames.ethernet import format_mac
from bondimpl.proc import proc_text
from bondimpl.status import as_json
from tests.core.back_to_back import BackToBack
from tests.core.world import World

SAMPLES = Path(__file__).parent.parent / "data" / "proc" / "6.1"
MODES = ["balance-rr", "active-backup", "balance-xor", "broadcast", "802.3ad", "balance-tlb", "balance-alb"]


def story(mode: str) -> dict[str, str]:
    """The text after each step of the story that was captured from the real driver, by the capture's name."""
    world = World(mode, slaves=0, miimon="100", era_name="6.x")
    for i, nic in enumerate(world.machine.nics.values(), start=1):
        nic.mac = bytes([2, 0, 0, 0, 0, i])
    texts: dict[str, str] = {}

    def note(name: str) -> None:
        texts[name] = proc_text(world.bond.snapshot(), "6.1.176")

    world.bond.close()
    note("00_no_slaves_down")
    for name in ("eth0", "eth1"):
        world.enslave(name)
    world.bond.open()
    world.run(300)
    note("01_both_up")
    world.pull("eth0")
    world.run(300)
    note("02_eth0_down")
    world.pull("eth1")
    world.run(300)
    note("03_both_down")
    world.bond.set_option("updelay", "3000")
    world.bond.set_option("downdelay", "3000")
    world.plug("eth0")
    world.run(300)
    note("04_eth0_up_while_none_active_updelay3000")
    world.plug("eth1")
    world.run(300)
    note("05_eth1_going_back_updelay3000")
    world.run(4000)
    note("06_both_up_again")
    world.pull("eth0")
    world.run(300)
    note("07_eth0_going_down_downdelay3000")
    world.plug("eth0")
    world.run(300)
    note("08_eth0_recovered_in_downdelay")
    world.run(1500)  # in the capture LACP gave eth1's partner up before the next step
    world.machine.nics["eth1"].up = False
    world.run(4000)
    note("09_eth1_admin_down")
    world.bond.close()
    note("10_bond_admin_down")
    return texts


@pytest.mark.parametrize("mode", MODES)
def test_todays_text_equals_the_real_drivers(mode: str) -> None:
    samples = {path.stem.split("_", 2)[2]: path.read_text() for path in SAMPLES.glob(f"mode?_{mode}_*.txt")}
    assert len(samples) == 11
    assert story(mode) == samples


@pytest.mark.parametrize(
    ("sample", "mode", "options"),
    [
        (
            "mode5_variant_nondynamic_encap34",
            "balance-tlb",
            {"tlb_dynamic_lb": "0", "xmit_hash_policy": "encap3+4"},
        ),
        ("mode6_variant_primary", "balance-alb", {"primary": "eth0"}),
    ],
)
def test_variants_of_the_text_equal_the_real_drivers(sample: str, mode: str, options: Any) -> None:
    world = World(mode, slaves=0, nics=3, era_name="6.x", **options)
    for i, name in enumerate(("eth0", "eth1"), start=1):
        world.machine.nics[name].mac = bytes([2, 0, 0, 0, 0, i])
        world.enslave(name)
    world.run(300)
    assert proc_text(world.bond.snapshot(), "6.1.176") == (SAMPLES / f"{sample}.txt").read_text()


def test_the_howtos_layout() -> None:
    world = World("active-backup", miimon="100", primary="eth1")
    world.pull("eth1")
    world.run(200)
    assert proc_text(world.bond.snapshot(), "unused").splitlines() == [
        "Ethernet Channel Bonding Driver: v2.6.1 (October 29, 2004)",
        "",
        "Bonding Mode: fault-tolerance (active-backup)",
        "Primary Slave: eth1",
        "Currently Active Slave: eth0",
        "MII Status: up",
        "MII Polling Interval (ms): 100",
        "Up Delay (ms): 0",
        "Down Delay (ms): 0",
        "",
        "Slave Interface: eth0",
        "MII Status: up",
        "Link Failure Count: 0",
        "Permanent HW addr: 02:00:00:00:00:00",
        "",
        "Slave Interface: eth1",
        "MII Status: down",
        "Link Failure Count: 1",
        "Permanent HW addr: 02:00:00:00:00:01",
    ]


def test_the_howtos_sample_of_mode_0() -> None:
    """The lines of the sample in section 5.1; its driver was older, so its version line was shorter."""
    world = World("balance-rr", miimon="1000", slaves=0)
    for name in ("eth1", "eth0"):
        world.enslave(name)
    lines = proc_text(world.bond.snapshot(), "").splitlines()
    for line in (
        "Bonding Mode: load balancing (round-robin)",
        "Currently Active Slave: eth1",
        "MII Status: up",
        "MII Polling Interval (ms): 1000",
        "Up Delay (ms): 0",
        "Down Delay (ms): 0",
        "Slave Interface: eth1",
        "Slave Interface: eth0",
    ):
        assert line in lines


@pytest.mark.parametrize("mode", MODES)
def test_json_is_plain_and_complete(mode: str) -> None:
    world = World(mode, miimon="100")
    data = json.loads(json.dumps(as_json(world.bond.snapshot())))
    assert (data["mode"], data["options"]["miimon"]) == (mode, "100")
    assert [(s["name"], s["link"], s["permanent_mac"]) for s in data["slaves"]] == [
        ("eth0", "up", "02:00:00:00:00:00"),
        ("eth1", "up", "02:00:00:00:00:01"),
    ]


def lacp_sample(name: str, partner: str) -> str:
    """A capture of the real driver, its partner's random address replaced by `partner`."""
    text = (SAMPLES / f"mode4_{name}.txt").read_text()
    for address in set(re.findall(r"(?:Partner Mac Address|system mac address): (\S+)", text)):
        if not address.startswith(("02:", "00:")):
            text = text.replace(address, partner)
    return text


def test_the_text_of_an_aggregate_equals_the_real_drivers() -> None:
    """The captured story: settled, a link lost and back, then a partner that is there no more."""
    pair = BackToBack(a={"lacp_rate": "fast"})
    partner = format_mac(pair.b.bond.mac)

    def text() -> str:
        return proc_text(pair.a.bond.snapshot(), "6.1.176")

    pair.run(15_000)
    assert text() == lacp_sample("b2b_fast_t15s", partner)
    pair.pull("eth0")
    pair.run(1000)
    assert text() == lacp_sample("b2b_fast_link0_down", partner)
    pair.plug("eth0")
    pair.run(15_000)
    for slave in ("eth0", "eth1"):
        pair.b.bond.release(slave)
    pair.run(1)
    for slave in ("eth0", "eth1"):
        pair.a.pull(slave)
    for period in ("50", "100"):  # has the monitor see the loss now, before the machines act on the farewell
        pair.a.bond.set_option("miimon", period)
    pair.run(1000)
    pair.plug("eth0")
    pair.run(200)
    pair.plug("eth1")
    pair.run(1000)
    assert text() == lacp_sample("partner_gone_1s", partner)
    pair.run(9000)
    assert text() == lacp_sample("partner_gone_10s", partner)
    pair.run(65_000)
    assert text() == lacp_sample("partner_gone_75s_churned", partner)


def test_the_text_of_a_passive_end_with_settings_equals_the_real_drivers() -> None:
    settings = {
        "lacp_active": "off",
        "min_links": "2",
        "ad_select": "bandwidth",
        "ad_actor_sys_prio": "32768",
        "ad_actor_system": "02:aa:bb:cc:dd:ee",
        "ad_user_port_key": "100",
    }
    pair = BackToBack(a=settings, b={})
    pair.run(12_000)
    text = proc_text(pair.a.bond.snapshot(), "6.1.176")
    assert text == lacp_sample("b2b_passive_slow_adactor_t12s", format_mac(pair.b.bond.mac))


def test_the_text_while_negotiating_equals_the_real_drivers() -> None:
    pair = BackToBack(a={"lacp_rate": "fast"})
    pair.run(1000)
    text = proc_text(pair.a.bond.snapshot(), "6.1.176")
    assert text == lacp_sample("b2b_fast_t1s", format_mac(pair.b.bond.mac))


def test_the_text_of_passive_ends_equals_the_real_drivers() -> None:
    pair = BackToBack(a={"lacp_active": "off"})
    partner = format_mac(pair.b.bond.mac)
    pair.run(12_000)
    snapshot = pair.a.bond.snapshot()
    assert proc_text(snapshot, "6.1.176") == lacp_sample("b2b_both_passive_t12s", partner)
    public = proc_text(snapshot, "6.1.176", privileged=False)
    assert public == lacp_sample("unprivileged_reader", partner)


def test_the_howtos_layout_of_an_aggregate() -> None:
    """As the source of the driver of 2.6.12 has it."""
    pair = BackToBack(era_name="howto", a={"lacp_rate": "fast"})
    pair.run(15_000)
    assert proc_text(pair.a.bond.snapshot(), "").splitlines()[2:16] == [
        "Bonding Mode: IEEE 802.3ad Dynamic link aggregation",
        "MII Status: up",
        "MII Polling Interval (ms): 100",
        "Up Delay (ms): 0",
        "Down Delay (ms): 0",
        "",
        "802.3ad info",
        "LACP rate: fast",
        "Active Aggregator Info:",
        "\tAggregator ID: 1",
        "\tNumber of ports: 2",
        "\tActor Key: 15",
        "\tPartner Key: 15",
        f"\tPartner Mac Address: {format_mac(pair.b.bond.mac)}",
    ]
    assert proc_text(pair.a.bond.snapshot(), "").splitlines()[-1] == "Aggregator ID: 1"


def test_json_of_an_aggregate_names_states_and_bits() -> None:
    pair = BackToBack(a={"lacp_rate": "fast"})
    pair.run(5000)
    data = json.loads(json.dumps(as_json(pair.a.bond.snapshot())))
    assert data["lacp"]["active_aggregator"]["partner_system"] == format_mac(pair.b.bond.mac)
    port = data["slaves"][1]["lacp"]
    assert (port["aggregator"], port["carries"], port["receive"], port["mux"]) == (
        1,
        True,
        "current",
        "distributing",
    )
    bits = ["activity", "timeout", "aggregation", "synchronization", "collecting", "distributing"]
    assert port["actor"]["state"] == port["partner"]["state"] == bits
    assert (port["actor"]["churn"], port["partner"]["port"]) == ("monitoring", 2)


def with_targets(mode: str, targets: str, era_name: str = "6.x", **options: Any) -> World:
    """A bond with the ARP monitor, as in the captures."""
    arp: dict[str, Any] = {"arp_interval": "200", "arp_ip_target": targets, **options}
    world = World(mode, slaves=0, era_name=era_name, **arp)
    for i, nic in enumerate(world.machine.nics.values(), start=1):
        nic.mac = bytes([2, 0, 0, 0, 0, i])
    for name in ("eth0", "eth1"):
        world.enslave(name)
    return world


def test_the_text_of_the_arp_monitor_equals_the_real_drivers() -> None:
    world = with_targets("balance-rr", "10.0.0.2")
    assert proc_text(world.bond.snapshot(), "6.1.176") == (SAMPLES / "mode0_variant_arp.txt").read_text()
    world = with_targets(
        "active-backup",
        "10.0.0.2,10.0.0.3",
        primary="eth0",
        primary_reselect="failure",
        fail_over_mac="follow",
    )
    sample = (SAMPLES / "mode1_variant_arp_two_targets_fom_follow.txt").read_text()
    assert proc_text(world.bond.snapshot(), "6.1.176") == sample
    world = with_targets("active-backup", "", ns_ip6_target="2001:db8::2,fe80::1")
    sample = (SAMPLES.parent / "6.x" / "mode1_variant_ns_ip6_target.txt").read_text()
    assert proc_text(world.bond.snapshot(), "6.1.176") == sample


def test_the_howtos_layout_says_nothing_of_the_arp_monitor() -> None:
    with_it = proc_text(with_targets("balance-rr", "10.0.0.2", "howto").bond.snapshot(), "")
    without = proc_text(World("balance-rr").bond.snapshot(), "")
    assert "ARP" not in with_it
    assert len(with_it.splitlines()) == len(without.splitlines())


def test_json_of_a_slave_that_is_being_tried() -> None:
    world = with_targets("active-backup", "10.0.0.2")
    world.run(3000)
    data = json.loads(json.dumps(as_json(world.bond.snapshot())))
    assert (data["active"], data["carrier"]) == (None, False)
    assert sorted(slave["link"] for slave in data["slaves"]) == ["back", "fail"]
    assert sorted(slave["mii_status"] for slave in data["slaves"]) == ["going back", "going down"]
    assert data["options"]["arp_ip_target"] == "10.0.0.2"
