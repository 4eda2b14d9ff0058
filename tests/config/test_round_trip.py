"""What is written in a dialect reads as the same; any text at all is a configuration or a located error."""

from __future__ import annotations

import random
import re

import pytest
from hypothesis import given, settings

from bondimpl.config import dialects
from bondimpl.config.errors import Unsayable
from bondimpl.config.faults import ConfigError, Files
from bondimpl.config.model import BondConfig, BondEntry, Member
from tests.config import samples
from tests.config.configs import configs

ALL = sorted(dialects.DIALECTS)
FUZZED = 200_000
"""Files in all."""


@pytest.mark.parametrize("name", ALL)
@given(config=configs())
@settings(max_examples=100, deadline=None)
def test_what_is_written_reads_as_the_same(name: str, config: BondConfig) -> None:
    try:
        files = dialects.write(config, name)
    except Unsayable:
        return
    assert dialects.read(files, name) == config


@pytest.mark.parametrize("name", ALL)
def test_every_dialect_can_say_a_simple_bond(name: str) -> None:
    """So that the property above is not shown by refusals."""
    slaves = (Member("eth0"), Member("eth1")) if name != "modprobe" else ()
    bond = BondEntry("bond0", (("mode", "active-backup"), ("miimon", "100")), slaves)
    config = BondConfig((bond,))
    files = dialects.write(config, name)
    assert dialects.read(files, None) == config


NETPLAN = """network:
  version: 2
  ethernets:
    eth0: {}
  bonds:
    bond0:
      interfaces: [eth0, eth1]
      addresses:
        - 10.0.0.1/24
      parameters:
        mode: active-backup   # the mode
        mii-monitor-interval: 100
  vlans:
    bond0.10: {}
"""
NETWORKD = """[NetDev]
Name=bond0
Kind=bond
[Bond]
Mode=active-backup
MIIMonitorSec=0.1s
"""
IFUPDOWN = """auto bond0
iface bond0 inet static
    address 10.0.0.1
    netmask 255.255.255.0
    bond-slaves eth0 eth1
    bond-miimon 100
    bond-mode 1
"""
SEEDS: dict[str, Files] = {
    "sysconfig": samples.SYSCONFIG,
    "initscripts": samples.INITSCRIPTS,
    "manual": samples.MANUAL,
    "modprobe": samples.TWO_BONDS,
    "netplan": {"bonds.yaml": NETPLAN},
    "networkd": {"bond.netdev": NETWORKD, "eth.network": "[Match]\nName=eth0\n[Network]\nBond=bond0\n"},
    "ifupdown": {"interfaces": IFUPDOWN},
}
PIECES = [
    "=",
    "'",
    '"',
    "\n",
    "\\\n",
    " ",
    "-",
    ":",
    "#",
    "[",
    "]",
    "{",
    "}",
    ",",
    "\t",
    "\0",
    "é",
    "$x",
    "99999999999",
]
PIECES += [
    "bond0",
    "eth0",
    "-o",
    "mode=1",
    "10.0.0.1/33",
    "install bonding",
    "alias bond9 bonding",
    "yes",
    "::1%",
    "²",
]


def damaged(files: Files, chance: random.Random) -> Files:
    """The files with a few things cut out, doubled, or put in."""
    found = {}
    for name, text in files.items():
        for _ in range(chance.randint(0, 4)):
            at = chance.randrange(len(text) + 1)
            end = min(len(text), at + chance.randint(0, 20))
            what = chance.random()
            put = "" if what < 0.3 else text[at:end] * 2 if what < 0.5 else chance.choice(PIECES)
            text = text[:at] + put + text[end if what < 0.7 else at :]
        found[name] = text
    return found


def outcome(files: Files, name: str) -> BondConfig | ConfigError:
    """What comes of reading them; anything else that is raised is a mistake."""
    try:
        return dialects.read(files, name)
    except ConfigError as error:
        return error


@pytest.mark.parametrize("name", ALL)
def test_any_text_is_a_configuration_or_a_located_error(name: str) -> None:
    chance = random.Random(7)
    outcomes = set()
    for _ in range(FUZZED // len(ALL)):
        files = damaged(SEEDS[name], chance)
        found = outcome(files, name)
        outcomes.add(type(found))
        for fault in found.faults if isinstance(found, ConfigError) else ():
            assert fault.file in files
            assert 1 <= fault.line <= files[fault.file].count("\n") + 1
            assert re.fullmatch(r"\S+:\d+: \S+: .+", str(fault))
    assert outcomes == {ConfigError, BondConfig}
