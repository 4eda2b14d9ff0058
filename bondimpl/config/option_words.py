"""The options by the names that networkd and netplan have for them."""

from __future__ import annotations

NETWORKD = {
    "mode": "Mode",
    "miimon": "MIIMonitorSec",
    "updelay": "UpDelaySec",
    "downdelay": "DownDelaySec",
    "arp_interval": "ARPIntervalSec",
    "arp_ip_target": "ARPIPTargets",
    "lacp_rate": "LACPTransmitRate",
    "peer_notif_delay": "PeerNotifyDelaySec",
    "num_grat_arp": "GratuitousARP",
    "xmit_hash_policy": "TransmitHashPolicy",
    "primary_reselect": "PrimaryReselectPolicy",
    "fail_over_mac": "FailOverMACPolicy",
    "packets_per_slave": "PacketsPerSlave",
    "all_slaves_active": "AllSlavesActive",
    "resend_igmp": "ResendIGMP",
    "arp_validate": "ARPValidate",
    "arp_all_targets": "ARPAllTargets",
    "arp_missed_max": "ARPMissedMax",
    "lp_interval": "LearnPacketIntervalSec",
    "tlb_dynamic_lb": "DynamicTransmitLoadBalancing",
    "min_links": "MinLinks",
    "ad_select": "AdSelect",
    "ad_actor_sys_prio": "AdActorSystemPriority",
    "ad_actor_system": "AdActorSystem",
    "ad_user_port_key": "AdUserPortKey",
}
"""systemd.netdev(5), section [Bond]; `primary` is said by the slave (PrimarySlave=)."""

NETPLAN = {
    "mode": "mode",
    "miimon": "mii-monitor-interval",
    "updelay": "up-delay",
    "downdelay": "down-delay",
    "arp_interval": "arp-interval",
    "arp_ip_target": "arp-ip-targets",
    "primary": "primary",
    "lacp_rate": "lacp-rate",
    "num_grat_arp": "gratuitous-arp",
    "xmit_hash_policy": "transmit-hash-policy",
    "primary_reselect": "primary-reselect-policy",
    "fail_over_mac": "fail-over-mac-policy",
    "packets_per_slave": "packets-per-member",
    "all_slaves_active": "all-members-active",
    "resend_igmp": "resend-igmp",
    "arp_validate": "arp-validate",
    "arp_all_targets": "arp-all-targets",
    "lp_interval": "learn-packet-interval",
    "min_links": "min-links",
    "ad_select": "ad-select",
}
"""netplan's YAML reference, `parameters` of a bond; two had other words before (`OLD_NETPLAN`)."""

OLD_NETPLAN = {"packets-per-slave": "packets_per_slave", "all-slaves-active": "all_slaves_active"}

LISTS = ("arp_ip_target",)
SWITCHES = ("all_slaves_active", "tlb_dynamic_lb")
TIMES = ("miimon", "updelay", "downdelay", "arp_interval", "peer_notif_delay", "lp_interval")
"""Kept in ms, the last in s."""

YES = dict.fromkeys(("yes", "true", "on", "1"), "on") | dict.fromkeys(("no", "false", "off", "0"), "off")
