"""The topologies by name, smallest first: a case runs on the first that can show it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from lab.errors import TopologyError
from lab.topology import Topology
from topologies import (
    bladecenter,
    gateway,
    host_to_host,
    kernel_peer,
    lacp_switch,
    many_peers,
    single_switch,
    three_switch_chain,
    two_switch_isl,
    two_switch_isolated,
)

BUILDERS: Mapping[str, Callable[..., Topology]] = {
    "host_to_host": host_to_host.build,
    "single_switch": single_switch.build,
    "two_switch_isl": two_switch_isl.build,
    "bladecenter:opm": partial(bladecenter.build, ("opm", "opm")),
    "bladecenter:esm": partial(bladecenter.build, ("esm", "esm")),
    "bladecenter:mixed": partial(bladecenter.build, ("esm", "opm")),
    "two_switch_isolated": two_switch_isolated.build,
    "three_switch_chain": three_switch_chain.build,
    "gateway": gateway.build,
    "many_peers": many_peers.build,
    "bladecenter:linked": bladecenter.linked,
    "bladecenter:apart": bladecenter.unlinked,
    "bladecenter:card": bladecenter.with_card,
    "bladecenter:full": bladecenter.full,
    "lacp_switch:bridge": partial(lacp_switch.one_switch, "bridge"),
    "lacp_switch:ovs": partial(lacp_switch.one_switch, "ovs"),
    "lacp_switch:two_ovs": partial(lacp_switch.two_switches, "ovs"),
    "lacp_switch:kernel": lacp_switch.kernel,
    "kernel_peer": kernel_peer.build,
    "kernel_station": kernel_peer.station,
}


def variants(group: str) -> tuple[str, ...]:
    """Names of a group: those of `bladecenter` are told apart after a colon. Empty when it is no group."""
    return tuple(name for name in BUILDERS if name.startswith(f"{group}:"))


def expand(selection: str) -> tuple[str, ...]:
    """Names meant by a comma list: `all` is every one, `bladecenter` its variants. Raises TopologyError."""
    chosen: list[str] = []
    for word in (w.strip() for w in selection.split(",")):
        matches = [name for name in BUILDERS if word in ("all", name, name.partition(":")[0])]
        if not matches:
            groups = dict.fromkeys(name.partition(":")[0] for name in BUILDERS if ":" in name)
            raise TopologyError(
                f"no topology {word!r}; there are: {', '.join(BUILDERS)}; "
                f"all variants: {', '.join(groups)}; all there are: all"
            )
        chosen += [name for name in matches if name not in chosen]
    return tuple(chosen)


def build(name: str, **parameters: object) -> Topology:
    """The topology of that exact name, built with its builder's parameters. Raises TopologyError."""
    if several := variants(name):
        raise TopologyError(f"{name!r} has variants: choose {', '.join(several[:-1])} or {several[-1]}")
    if name not in BUILDERS:
        raise TopologyError(f"no topology {name!r}; there are: {', '.join(BUILDERS)}")
    return BUILDERS[name](**parameters)
