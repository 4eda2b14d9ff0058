"""VLAN tags on the way up from a bond, found in the list of interfaces."""

from __future__ import annotations

import pytest

from bondimpl.runtime.links import Link
from bondimpl.runtime.routes import vlans_between

BOND = 5


def device(
    index: int, kind: str, *, lower: int | None = None, vlan: int | None = None, master: int | None = None
) -> Link:
    return Link(
        index, f"if{index}", b"", 1500, True, True, True, False, kind, master, lower, vlan, False, False
    )


DEVICES = [
    device(1, "", master=None),
    device(BOND, "tun", master=20),
    device(6, "vlan", lower=BOND, vlan=10),
    device(7, "vlan", lower=6, vlan=20),
    device(8, "vlan", lower=1, vlan=30),
    device(9, "macvlan", lower=7),
    device(10, "veth", lower=BOND),
    device(20, "bridge"),
    device(21, "vlan", lower=20, vlan=40),
]


@pytest.mark.parametrize(
    ("above", "vlans"),
    [(6, (10,)), (7, (10, 20)), (9, (10, 20)), (20, ()), (21, (40,)), (8, None), (10, None), (1, None)],
)
def test_tags_from_the_outermost(above: int, vlans: tuple[int, ...] | None) -> None:
    """A veth's `lower` is its far end, perhaps in another namespace, and no device below it."""
    assert vlans_between(DEVICES, BOND, above) == vlans
