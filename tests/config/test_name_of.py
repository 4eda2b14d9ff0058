"""Which NIC a hardware address in a configuration means."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bondimpl.frames.ethernet import parse_mac
from bondimpl.runtime.host_machine import HostMachine
from bondimpl.runtime.links import Link, Links

A, B, C = (f"02:00:00:00:00:0{n}" for n in "abc")


def link(name: str, mac: str, kind: str = "", permanent: str | None = None) -> Link:
    """An interface, up."""
    return Link(
        index=1,
        name=name,
        mac=parse_mac(mac),
        mtu=1500,
        up=True,
        carrier=True,
        is_ethernet=True,
        is_loopback=False,
        kind=kind,
        master=None,
        lower=None,
        vlan=None,
        promiscuous=False,
        all_multicast=False,
        permanent=parse_mac(permanent) if permanent else None,
    )


@pytest.fixture
def machine() -> Iterator[HostMachine]:
    """This host."""
    machine = HostMachine()
    yield machine
    machine.close()


@pytest.mark.parametrize(
    ("links", "lent", "name"),
    [
        ([link("eth0", A), link("eth1", B)], {}, "eth0"),
        ([link("eth0", B), link("eth1", B, permanent=A)], {}, "eth1"),
        ([link("eth0", A, permanent=B), link("eth1", C)], {}, None),
        ([link("eth0", A), link("eth1", A)], {"eth0": B}, "eth1"),
        ([link("eth0", B), link("eth1", B)], {"eth1": A}, "eth1"),
        ([link("br0", A, "bridge"), link("bond9", A, "bond"), link("eth1", B, permanent=A)], {}, "eth1"),
        ([link("veth0", A, "veth"), link("eth1", B, permanent=A)], {}, "eth1"),
        ([link("br0", A, "bridge"), link("eth0", A)], {}, "eth0"),
        ([link("eth0.5", A, "vlan", permanent=A), link("eth0", C, permanent=A)], {}, "eth0"),
        ([link("bond0", A, "tun"), link("bond0.5", A, "vlan")], {}, None),
    ],
)
def test_it_is_the_nic_that_has_it_of_its_own(
    links: list[Link],
    lent: dict[str, str],
    name: str | None,
    machine: HostMachine,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Links, "all", lambda _: links)
    assert machine.name_of(A, lent) == name
