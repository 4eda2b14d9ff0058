"""The topologies by name, smallest first: a case runs on the first that can show it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from lab.errors import TopologyError
from lab.topology import Topology
from topologies import bladecenter, host_to_host, single_switch, two_switch_isl

BUILDERS: Mapping[str, Callable[..., Topology]] = {
    "host_to_host": host_to_host.build,
    "single_switch": single_switch.build,
    "two_switch_isl": two_switch_isl.build,
    "bladecenter:opm": partial(bladecenter.build, ("opm", "opm")),
    "bladecenter:esm": partial(bladecenter.build, ("esm", "esm")),
    "bladecenter:mixed": partial(bladecenter.build, ("esm", "opm")),
}


def expand(selection: str) -> tuple[str, ...]:
    """Names meant by a comma list: `all` is every one, `bladecenter` its variants. Raises TopologyError."""
    chosen: list[str] = []
    for word in (w.strip() for w in selection.split(",")):
        matches = [name for name in BUILDERS if word in ("all", name, name.partition(":")[0])]
        if not matches:
            raise TopologyError(f"no topology {word!r}; there are: {', '.join(BUILDERS)} (and 'all')")
        chosen += [name for name in matches if name not in chosen]
    return tuple(chosen)


def build(name: str, **parameters: object) -> Topology:
    """The topology of that exact name, built with its builder's parameters. Raises TopologyError."""
    if name not in BUILDERS:
        raise TopologyError(f"no topology {name!r}; there are: {', '.join(BUILDERS)}")
    return BUILDERS[name](**parameters)
