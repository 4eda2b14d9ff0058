"""What a write to a file of sysfs asks of bondd: the driver's reading of such texts, and its refusals.

Each function returns a command of the control protocol with its fields, and raises BondError, with the errno
of the driver, for what is refused before any bond is asked. Measured on the driver of Linux 6.1.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from bondimpl.errors import BondError
from bondimpl.option_kinds import INT_MAX, Number
from bondimpl.options import ACTIVE_MODES, row

Order = tuple[str, dict[str, Any]]
Shown = Mapping[str, Any]
"""A bond as `bondctl show --json` has it."""

Exists = Callable[[str], bool]
"""Whether there is an interface of that name."""

LONGEST_NAME = 15
_LONGEST_WORD = 32

_DELAY = {"off": 0, "default": 0, "maxval": INT_MAX}
_COUNT = {"off": 0, "default": 1, "maxval": 255}
NUMBER_WORDS: Mapping[str, Mapping[str, int]] = {
    **dict.fromkeys(("miimon", "updelay", "downdelay", "arp_interval", "min_links"), _DELAY),
    **dict.fromkeys(("num_grat_arp", "num_unsol_na", "resend_igmp"), _COUNT),
    "lp_interval": {"minval": 1, "default": 1, "maxval": INT_MAX},
    "arp_missed_max": {"minval": 1, "default": 2, "maxval": 255},
    "peer_notif_delay": {"off": 0, "maxval": 300_000},
    "packets_per_slave": {"default": 1, "maxval": 65_535},
    "ad_actor_sys_prio": {"minval": 1, "default": 65_535, "maxval": 65_535},
    "ad_user_port_key": {"minval": 0, "default": 0, "maxval": 1023},
}
"""The words that stand for numbers, by option."""

_DELAYS = ("updelay", "downdelay", "peer_notif_delay")
_WITHOUT_DEFAULT = ("lacp_rate",)


def masters(text: str) -> Order:
    """bonding_masters: `+bond0` or `-bond0`."""
    sign, name = _signed_name(text)
    return ("add" if sign == "+" else "delete"), {"bond": name}


def option(bond: Shown, name: str, text: str, exists: Exists) -> Order:
    """A file of `bonding/`."""
    special = _SPECIAL.get(name)
    if special:
        return special(bond, text, exists)
    value = _value(name, text)
    if name in _DELAYS and value == "0" and bond["options"]["miimon"] == "0":
        raise BondError(f"{name}: there is no MII monitoring", "EPERM")
    return _set(bond, name, value)


def _value(name: str, text: str) -> str:
    """A number is one of digits and blanks alone; of anything else the first word counts."""
    known = row(name)
    words = text.split()
    if not words:
        return ""
    if all(word.isascii() and word.isdigit() for word in words):
        return words[0]
    word = words[0][:_LONGEST_WORD]
    if word in (numbers := NUMBER_WORDS.get(name, {})):
        return str(numbers[word])
    if isinstance(known.kind, Number):
        return f"{word}?"  # a number with a sign, for instance: never one here
    if word == "default" and name not in _WITHOUT_DEFAULT:
        return known.kind.text(known.default)
    # Digits with something behind them are a word.
    return f"{word}?" if word.isdigit() else word


def _slaves(bond: Shown, text: str, exists: Exists) -> Order:
    """`+eth0` or `-eth0`."""
    sign, slave = _signed_name(text)
    if not exists(slave):
        raise BondError(f"{slave}: there is no such interface", "ENODEV")
    return ("enslave" if sign == "+" else "release"), {"bond": bond["name"], "slave": slave}


def _active_slave(bond: Shown, text: str, exists: Exists) -> Order:
    """A slave's name; nothing chooses anew. In other modes bondd refuses first."""
    slave = "".join(text.split()[:1])[:LONGEST_NAME]
    if slave and bond["mode"] in ACTIVE_MODES and not exists(slave):
        raise BondError(f"{slave}: there is no such interface", "ENODEV")
    return _set(bond, "active_slave", slave)


def _primary(bond: Shown, text: str, _exists: Exists) -> Order:
    """A name, cut to the length of one; it need not exist."""
    return _set(bond, "primary", text.split("\n")[0][:LONGEST_NAME])


def _targets(bond: Shown, text: str, _exists: Exists) -> Order:
    """`+192.0.2.1` or `-192.0.2.1`; what follows the address is not looked at."""
    found = re.match(r"[+-](\d{1,3}(?:\.\d{1,3}){3})(?![\d.])", text)
    if not found or any(int(part) > 255 for part in found[1].split(".")):
        raise BondError(f"arp_ip_target: {text.strip()!r}: + or - and an address is expected", "EPERM")
    return _set(bond, "arp_ip_target", text[0] + ".".join(str(int(part)) for part in found[1].split(".")))


def _system(bond: Shown, text: str, _exists: Exists) -> Order:
    """Pairs of digits only."""
    exact = re.match(r"(?:[0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2}", text)
    return _set(bond, "ad_actor_system", exact[0] if exact else f"{text.strip()}?")


def _queue(bond: Shown, text: str, _exists: Exists) -> Order:
    """`eth0:2`. The driver refuses everything with EPERM here; so does `refusal`."""
    slave, colon, number = text.strip().partition(":")
    digits = re.match(r"\s*\d+", number)
    if not (slave and colon and digits):
        raise BondError(f"queue_id: {text.strip()!r}: SLAVE:NUMBER is expected", "EPERM")
    return "set", {"bond": bond["name"], "slave": slave, "option": "queue_id", "value": digits[0].strip()}


def refusal(name: str, error: BondError) -> str:
    """The errno with which the driver refuses what bondd has refused."""
    return "EPERM" if name == "queue_id" else error.errno


def _set(bond: Shown, name: str, value: str) -> Order:
    return "set", {"bond": bond["name"], "option": name, "value": value}


def _signed_name(text: str) -> tuple[str, str]:
    word = "".join(text.split()[:1])[: LONGEST_NAME + 1]
    sign, name = word[:1], word[1:]
    if sign not in ("+", "-") or not name or name in (".", "..") or set(name) & set("/:"):
        raise BondError(f"{text.strip()!r}: + or - and a name is expected", "EPERM")
    return sign, name


_SPECIAL: Mapping[str, Callable[[Shown, str, Exists], Order]] = {
    "slaves": _slaves,
    "active_slave": _active_slave,
    "primary": _primary,
    "arp_ip_target": _targets,
    "ad_actor_system": _system,
    "queue_id": _queue,
}
