"""Bonds and slaves in 802.3ad as iproute2 6.1 shows them on Linux 6.1, and what stays of the real output."""

from __future__ import annotations

from typing import Any

from bondimpl.iproute.rendering import text_with_bonds, with_bonds
from bondimpl.iproute.sections import sections
from bondimpl.options import BondOptions, as_text

LACP_BOND = (
    "ad_select stable ad_aggregator 1 ad_num_ports 2 ad_actor_key 335 ad_partner_key 15"
    " ad_partner_mac 2a:6b:a4:b2:dd:a6 ad_actor_sys_prio 65535 ad_user_port_key 0"
    " ad_actor_system 00:00:00:00:00:00 tlb_dynamic_lb 1 "
)
LACP_SLAVE = (
    "bond_slave state ACTIVE mii_status GOING_DOWN link_failure_count 3 perm_hwaddr 7a:10:3b:39:24:86"
    " queue_id 0 prio 0 ad_aggregator_id 1 ad_actor_oper_port_state 63"
    " ad_actor_oper_port_state_str <active,short_timeout,aggregating,in_sync,collecting,distributing>"
    " ad_partner_oper_port_state 69 ad_partner_oper_port_state_str <active,aggregating,defaulted> "
)
NIC = "7: eth0: <BROADCAST,MULTICAST,PROMISC,UP,LOWER_UP> mtu 1500 qdisc mq state UP qlen 1000\n"
DETAILS = "    link/ether 7a:10:3b:39:24:86 brd ff:ff:ff:ff:ff:ff promiscuity 1 minmtu 68 maxmtu 9000 {}"


def _shown() -> dict[str, Any]:
    slave = {
        "name": "eth0",
        "active": False,
        "link": "fail",
        "failures": 3,
        "permanent_mac": "7a:10:3b:39:24:86",
        "queue_id": 0,
        "prio": 0,
        "lacp": {
            "aggregator": 1,
            "carries": True,
            "actor": {
                "state_octet": 63,
                "state": [
                    *("activity", "timeout", "aggregation", "synchronization"),
                    *("collecting", "distributing"),
                ],
            },
            "partner": {"state_octet": 69, "state": ["activity", "aggregation", "defaulted"]},
        },
    }
    active = {
        "number": 1,
        "ports": 2,
        "actor_key": 335,
        "partner_key": 15,
        "partner_system": "2a:6b:a4:b2:dd:a6",
    }
    options = as_text(BondOptions()) | {"mode": "802.3ad"}
    lacp = {"active_aggregator": active}
    shown = {"name": "bond0", "mode": "802.3ad", "active": None, "primary": None, "options": options}
    return shown | {"lacp": lacp, "slaves": [slave]}


def test_802_3ad_in_text() -> None:
    known = sections([_shown()])
    assert known["bond0"].as_text().endswith(LACP_BOND)
    assert known["eth0"].as_text() == LACP_SLAVE


def test_802_3ad_in_json() -> None:
    known = sections([_shown()])
    assert known["bond0"].as_json()["ad_info"] == {
        "aggregator": 1,
        "num_ports": 2,
        "actor_key": 335,
        "partner_key": 15,
        "partner_mac": "2a:6b:a4:b2:dd:a6",
    }
    assert known["eth0"].as_json()["ad_partner_oper_port_state_str"] == ["active", "aggregating", "defaulted"]


def test_a_nic_without_a_kind_gets_its_section() -> None:
    text = NIC + DETAILS.format("addrgenmode eui64 numtxqueues 8 \n    altname enp1s0\n")
    head, link, slave, rest = text_with_bonds(
        text, sections([_shown()]), details=True, oneline=False
    ).splitlines()
    assert "<BROADCAST,MULTICAST,PROMISC,SLAVE,UP,LOWER_UP> mtu 1500 qdisc mq master bond0 state UP" in head
    assert link == DETAILS.format("")
    assert slave == f"    {LACP_SLAVE}addrgenmode eui64 numtxqueues 8 "
    assert rest == "    altname enp1s0"


def test_other_links_stay_as_they_are() -> None:
    text = NIC.replace("eth0", "eth1") + DETAILS.format("addrgenmode eui64\n")
    assert text_with_bonds(text, sections([_shown()]), details=True, oneline=False) == text
    link = {"ifname": "eth1", "flags": ["UP"], "qdisc": "mq"}
    assert with_bonds(link, sections([_shown()])) == link


def test_without_details_only_flags_and_master() -> None:
    link = {"ifname": "eth0", "flags": ["BROADCAST", "UP"], "qdisc": "mq", "operstate": "UP"}
    assert with_bonds(link, sections([_shown()])) == {
        "ifname": "eth0",
        "flags": ["BROADCAST", "SLAVE", "UP"],
        "qdisc": "mq",
        "master": "bond0",
        "operstate": "UP",
    }
