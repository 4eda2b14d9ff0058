"""The words of `ip link ... type bond` and `type bond_slave`, with the numbers that they may be given as.

Their order is ip's: an abbreviation means the first that it fits. `ORDER` is another one, that in which
the driver takes the options of one request.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address, IPv6Address

from bondimpl.iproute.command_line import expand
from bondimpl.iproute.errors import Refused, answers, incomplete, no_device, wrong
from bondimpl.option_kinds import Mode, Words
from bondimpl.options import row

Exists = Callable[[str], bool]
"""Whether there is an interface of that name."""


@dataclass(frozen=True, slots=True)
class _Integer:
    low: int
    high: int

    def read(self, word: str, text: str, _exists: Exists) -> str:
        number = c_integer(text)
        if number is None or not self.low <= number <= self.high:
            raise wrong(text, f"{word} is invalid" if word in SLAVE_WORDS else f"invalid {word}")
        return str(number)


@dataclass(frozen=True, slots=True)
class _Index:
    """A word of the option's table, or its number."""

    def read(self, word: str, text: str, _exists: Exists) -> str:
        kind = row(word).kind
        words = kind.words if isinstance(kind, Words) else tuple(Mode) if word == "mode" else ("off", "on")
        if text in words:
            return text
        number = c_integer(text)
        if number is None or not 0 <= number < len(words):
            raise wrong(text, f"invalid {word}")
        return words[number]


@dataclass(frozen=True, slots=True)
class _Device:
    def read(self, _word: str, text: str, exists: Exists) -> str:
        if not exists(text):
            raise no_device(text)
        return text


@dataclass(frozen=True, slots=True)
class _Addresses:
    version: int

    def read(self, _word: str, text: str, _exists: Exists) -> str:
        kind, name, end = (IPv4Address, "an IP", "") if self.version == 4 else (IPv6Address, "inet6", ".")
        for each in filter(None, text.split(",")):
            try:
                kind(each)
            except AddressValueError:
                raise Refused(f'Error: {name} address is expected rather than "{each}"{end}', 1) from None
        return text.strip(",")


@dataclass(frozen=True, slots=True)
class _Text:
    def read(self, _word: str, text: str, _exists: Exists) -> str:
        return text


_Kind = _Integer | _Index | _Device | _Addresses | _Text
_U8, _U16, _U32 = (_Integer(0, 2**bits - 1) for bits in (8, 16, 32))
_S32 = _Integer(-(2**31), 2**31 - 1)
BOND_WORDS: Mapping[str, _Kind] = {
    "mode": _Index(),
    "active_slave": _Device(),
    "clear_active_slave": _Text(),
    "miimon": _U32,
    "updelay": _U32,
    "downdelay": _U32,
    "peer_notify_delay": _U32,
    "use_carrier": _U8,
    "arp_interval": _U32,
    "arp_ip_target": _Addresses(4),
    "ns_ip6_target": _Addresses(6),
    "arp_validate": _Index(),
    "arp_all_targets": _Index(),
    "primary": _Device(),
    "primary_reselect": _Index(),
    "fail_over_mac": _Index(),
    "xmit_hash_policy": _Index(),
    "resend_igmp": _U32,
    "num_grat_arp": _U8,
    "num_unsol_na": _U8,
    "all_slaves_active": _U8,
    "min_links": _U32,
    "lp_interval": _U32,
    "packets_per_slave": _U32,
    "lacp_rate": _Index(),
    "lacp_active": _Index(),
    "ad_select": _Index(),
    "ad_user_port_key": _U16,
    "ad_actor_sys_prio": _U16,
    "ad_actor_system": _Text(),
    "tlb_dynamic_lb": _U8,
    "arp_missed_max": _U8,
    # Of later versions than 6.1, in the words that those have.
    "coupled_control": _U8,
    "broadcast_neighbor": _U8,
    "lacp_strict": _U8,
}
SLAVE_WORDS: Mapping[str, _Kind] = {"queue_id": _U16, "prio": _S32, "actor_port_prio": _U16}

ORDER = (
    *("mode", "active_slave", "miimon", "updelay", "downdelay", "peer_notify_delay", "use_carrier"),
    *("arp_interval", "arp_ip_target", "ns_ip6_target", "arp_validate", "arp_all_targets", "primary"),
    *("primary_reselect", "fail_over_mac", "xmit_hash_policy", "resend_igmp", "num_grat_arp"),
    *("all_slaves_active", "min_links", "lp_interval", "packets_per_slave", "lacp_active", "lacp_rate"),
    *("ad_select", "ad_actor_sys_prio", "ad_user_port_key", "ad_actor_system", "tlb_dynamic_lb"),
    *("arp_missed_max", "coupled_control", "broadcast_neighbor", "lacp_strict"),
)


def bond_options(words: Sequence[str], exists: Exists) -> dict[str, str]:
    """The options that the words after `type bond` ask for, in the driver's order. Raises Refused."""
    found: dict[str, str] = {}
    for word, text in _pairs(words, BOND_WORDS, "bond", exists):
        if word == "clear_active_slave":
            found["active_slave"] = ""
        else:
            found["num_grat_arp" if word == "num_unsol_na" else word] = text
    if found.get("miimon", "0") != "0":
        # One after the other would be taken, with the last in force.
        if found.get("arp_interval", "0") != "0":
            raise answers("ARP monitoring cannot be used with MII monitoring")
        if found.get("arp_validate", "none") != "none":
            raise answers("ARP validating cannot be used with MII monitoring")
    return dict(sorted(found.items(), key=lambda item: ORDER.index(item[0])))


def slave_options(words: Sequence[str], exists: Exists) -> dict[str, str]:
    """The options that the words after `type bond_slave` ask for. Raises Refused."""
    return dict(_pairs(words, SLAVE_WORDS, "bond_slave", exists))


def _pairs(
    words: Sequence[str], known: Mapping[str, _Kind], kind: str, exists: Exists
) -> list[tuple[str, str]]:
    found, rest = [], list(words)
    while rest:
        given = rest.pop(0)
        word = expand(given, tuple(known))
        if word is None:
            unknown = "command" if kind == "bond" else "option"
            raise Refused(f'{kind}: unknown {unknown} "{given}"?', 1)
        if word == "clear_active_slave":
            found.append((word, ""))
            continue
        if not rest:
            raise incomplete()
        found.append((word, known[word].read(word, rest.pop(0), exists)))
    return found


def c_integer(text: str) -> int | None:
    """A number as C's strtol reads it with base 0: 0x10 is 16, 010 is 8."""
    body = text[1:] if text[:1] in ("-", "+") else text
    octal = len(body) > 1 and body.isdecimal() and body.startswith("0")
    try:
        return int(text, 8 if octal else 0) if body[:1].isdecimal() and "_" not in body else None
    except ValueError:
        return None
