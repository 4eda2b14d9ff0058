"""`bondctl apply` does all or nothing: every step of it may fail."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from ipaddress import IPv4Interface
from typing import Any

import pytest

from bondimpl.config.apply import apply, chosen, remove
from bondimpl.config.model import Address, BondConfig, BondEntry, Member, Start, VlanEntry
from bondimpl.errors import BondError

MAC = "00:00:5e:00:53:02"
HOME = Address(IPv4Interface("10.0.0.1/24"))
CONFIG = BondConfig(
    (
        BondEntry("bond0", (("mode", "active-backup"),), (Member("eth0"), Member("eth1")), (HOME,), mtu=1400),
        BondEntry(
            "bond1",
            (),
            (Member(mac=MAC),),
            mac="02:00:00:00:00:01",
            vlans=(VlanEntry(5, "v5"),),
        ),
        BondEntry("bond2", start=Start.MANUAL),
        BondEntry("bond3", start=Start.OFF),
    ),
    before=("tg3",),
    after=("e1000",),
    drivers=(("eth1", "e100"),),
)


class Host:
    """bondd and the host in one; step number `broken` (from 0) fails, without effect."""

    def __init__(self, broken: int = -1) -> None:
        self.bonds: dict[str, list[str]] = {}
        self.up = {"eth0": True, "eth2": False}
        self.addressed = {"eth0"}
        self.log: list[str] = []
        self._broken = broken

    def _step(self, text: str) -> None:
        self.log.append(text)
        if len(self.log) - 1 == self._broken:
            raise BondError("broken")

    def call(self, command: str, **fields: Any) -> Any:
        if command == "list":
            return list(self.bonds)
        if command == "show":
            return {"slaves": [{"name": each, "permanent_mac": MAC} for each in self.bonds[fields["bond"]]]}
        self._step(f"{command} {fields['bond']}")
        if command == "add":
            self.bonds[fields["bond"]] = []
        elif command == "delete":
            del self.bonds[fields["bond"]]
        elif command == "enslave":
            self.bonds[fields["bond"]] += fields["slaves"]
            down = [slave for slave in fields["slaves"] if self.up[slave]]
            self.up |= dict.fromkeys(fields["slaves"], False)
            return {"taken_down": down}
        elif command == "release":
            for slave in fields["slaves"]:
                self.bonds[fields["bond"]].remove(slave)
        return None

    def load(self, module: str) -> None:
        self._step(f"load {module}")
        if module == "e100":
            self.up["eth1"] = False

    def name_of(self, mac: str, lent: Mapping[str, str]) -> str | None:
        return next((name for name in lent if lent[name] == mac), "eth2" if mac == MAC else None)

    def exists(self, name: str) -> bool:
        return name in self.up

    def set_up(self, name: str, up: bool) -> None:
        self._step(f"set_up {name}")
        self.up[name] = up

    def set_mtu(self, name: str, mtu: int) -> None:
        self._step(f"mtu {name} {mtu}")

    def set_mac(self, name: str, mac: str) -> None:
        self._step(f"mac {name} {mac}")

    def add_address(self, name: str, address: Address) -> None:
        self._step(f"address {name} {address.ip}")

    def keep_addresses(self, name: str) -> Callable[[], None]:
        had = name in self.addressed

        def put_back() -> None:
            assert self.up[name] or not had, "it cannot have routes while it is down"
            if had:
                self.addressed.add(name)

        return put_back

    def clear_address(self, name: str) -> None:
        self._step(f"clear {name}")
        self.addressed.discard(name)


def test_the_steps_and_their_order() -> None:
    host = Host()
    apply(CONFIG, chosen(CONFIG), host, host)
    assert host.bonds == {"bond0": ["eth0", "eth1"], "bond1": ["eth2"]}
    assert host.log == [
        "load tg3",
        "add bond0",
        "mtu bond0 1400",
        "up bond0",
        "address bond0 10.0.0.1/24",
        "add bond1",
        "mac bond1 02:00:00:00:00:01",
        "up bond1",
        "load e1000",
        "load e100",
        "enslave bond0",
        "enslave bond1",
        "vlan_add bond1",
        "set_up v5",
        "clear eth0",
        "clear eth1",
        "clear eth2",
    ]


@pytest.mark.parametrize("broken", range(17))
def test_nothing_remains_of_an_attempt_that_failed(broken: int) -> None:
    host = Host(broken)
    before = copy.deepcopy(host.up)
    with pytest.raises(BondError, match="broken"):
        apply(CONFIG, chosen(CONFIG), host, host)
    assert host.bonds == {}
    assert {name: up for name, up in host.up.items() if name in before} == before
    assert host.addressed == {"eth0"}


def test_which_bonds_are_started() -> None:
    assert [bond.name for bond in chosen(CONFIG)] == ["bond0", "bond1"]
    assert [bond.name for bond in chosen(CONFIG, "bond2")] == ["bond2"]
    with pytest.raises(BondError, match="bond3: its configuration is switched off"):
        chosen(CONFIG, "bond3")
    with pytest.raises(BondError, match="bond9: no such bond is configured"):
        chosen(CONFIG, "bond9")


def test_only_what_is_there_is_removed() -> None:
    host = Host()
    host.bonds = {"bond0": [], "bond1": [], "mine": []}
    assert remove(CONFIG, host) == ["bond1", "bond0"]
    assert host.bonds == {"mine": []}
    host.bonds = {"bond0": [], "bond1": []}
    assert remove(CONFIG, host, "bond0") == ["bond0"]
    assert host.bonds == {"bond1": []}
    with pytest.raises(BondError, match="mine: no such bond is configured"):
        remove(CONFIG, host, "mine")


def test_a_slave_that_is_not_there() -> None:
    host = Host()
    config = BondConfig((BondEntry("bond0", slaves=(Member("eth9"),)),))
    with pytest.raises(BondError, match="eth9: there is no such interface"):
        apply(config, config.bonds, host, host)
    assert host.bonds == {}
