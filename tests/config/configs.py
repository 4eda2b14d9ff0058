"""Any configuration that can be, for Hypothesis."""

from __future__ import annotations

from ipaddress import IPv4Interface, IPv6Interface

from hypothesis import strategies as st

from bondimpl.config.model import Address, BondConfig, BondEntry, Member, Start, VlanEntry
from bondimpl.errors import BondError
from bondimpl.options import BondOptions, table
from bondimpl.settle import at_load

_TEXTS = {
    "arp_ip_target": ["10.0.0.9", "10.0.0.9,10.0.1.9"],
    "ns_ip6_target": ["2001:db8::9", "2001:db8::9,2001:db8::a"],
    "primary": ["eth0", "we'ird"],
    "ad_actor_system": ["02:00:5e:00:53:07"],
    "mode": [
        "balance-rr",
        "active-backup",
        "balance-xor",
        "broadcast",
        "802.3ad",
        "balance-tlb",
        "balance-alb",
    ],
}
_SPELLED = ["0", "1", "2", "3", "60", "100", "250", "1000"]


def _spellings(name: str) -> list[str]:
    """Canonical texts of an option."""
    kind = table(BondOptions)[name].kind
    found = []
    for text in _TEXTS.get(name, _SPELLED):
        try:
            found.append(kind.text(kind.parse(text)))
        except ValueError:
            continue
    return list(dict.fromkeys(text for text in found if text))


@st.composite
def options(draw: st.DrawFn) -> tuple[tuple[str, str], ...]:
    """Some options, which can be together."""
    values: dict[str, str] = {}
    for name in table(BondOptions):
        if draw(st.booleans() if name in ("mode", "miimon") else st.integers(0, 5).map(lambda n: n == 0)):
            values[name] = draw(st.sampled_from(_spellings(name)))
            try:
                at_load(values)
            except BondError:
                del values[name]
    return tuple(values.items())


_NICS = (
    "eth0",
    "eth1",
    "eth2",
    "eth10",
    "enp3s0f0",
    "we'ird",
    "a b".replace(" ", "#"),
    "x$y",
    "-dash",
    "none1",
)
slaves = st.lists(
    st.one_of(
        st.sampled_from(_NICS).map(Member),
        st.integers(1, 250).map(lambda n: Member(mac=f"00:00:5e:00:53:{n:02x}")),
    ),
    max_size=4,
    unique=True,
)
_four = st.builds(
    lambda n, p: IPv4Interface(f"10.0.{n}.7/{p}"), st.integers(0, 9), st.sampled_from([16, 24, 32])
)
_six = st.builds(lambda n: IPv6Interface(f"2001:db8:{n:x}::7/64"), st.integers(0, 9))
addresses = st.lists(st.one_of(_four, _six).map(Address), max_size=3, unique=True).map(tuple)


@st.composite
def broadcasts(draw: st.DrawFn) -> tuple[Address, ...]:
    """Addresses, some with a broadcast address of their own."""
    found = []
    for each in draw(addresses):
        own = IPv4Interface("10.0.255.254/32").ip if draw(st.booleans()) and each.ip.version == 4 else None
        found.append(Address(each.ip, own))
    return tuple(found)


@st.composite
def configs(draw: st.DrawFn) -> BondConfig:
    """A few bonds with distinct slaves."""
    names = draw(
        st.lists(st.sampled_from(["bond0", "bond1", "bond2", "up'link", "b#1"]), max_size=3, unique=True)
    )
    free = draw(slaves)
    bonds = []
    for name in names:
        count = draw(st.integers(0, len(free)))
        mine, free = tuple(free[:count]), free[count:]
        tags = draw(st.lists(st.integers(1, 4094), max_size=2, unique=True).map(sorted))
        bonds.append(
            BondEntry(
                name=name,
                options=draw(options()),
                slaves=mine,
                addresses=draw(broadcasts()),
                mac=draw(st.sampled_from([None, "02:00:5e:00:53:99"])),
                mtu=draw(st.sampled_from([None, 1400, 9000])),
                start=draw(st.sampled_from(Start)),
                vlans=tuple(VlanEntry(tag, f"{name}.{tag}", draw(addresses)) for tag in tags),
            )
        )
    modules = st.lists(st.sampled_from(["e1000", "tg3"]), max_size=2, unique=True).map(tuple)
    rarely = draw(st.integers(0, 9)) == 0
    return BondConfig(tuple(bonds), before=draw(modules) if rarely else ())
