"""All traffic passes a single router (HOWTO section 12.1.1, balance-xor).

+----------+  eth0 -- p1  +-------+         +--------+         +-------+   p2 -- eth0  +---------+
|          |  eth1 -- p2  |       | p5      |        |      p1 |       | ------------- | remote1 |  remote
|  host1   |  eth2 -- p3  |  sw1  | ------- | router | ------- |  sw2  |   p3 -- eth0  +---------+
|          |  eth3 -- p4  |       |    eth0 |        | eth1    |       | ------------- | remote2 |  remote_b
+----------+              +-------+         +--------+         +-------+      ...      +---------+
  host                     switch_a         peer, router

The router is the host's peer on the link; whatever is behind it has the router's hardware address there.
Addresses beyond the host's own network, and routes, are the case's to set.
"""

from __future__ import annotations

from lab.topology import Host, Switch, Topology
from topologies.parts import behind, cable, fan, nics, stations

TRAITS = frozenset({"gateway"})


def build(slaves: int = 4, remotes: int = 4) -> Topology:
    """A host with `slaves` cables to a switch, a router on it, and `remotes` stations beyond the router."""
    near = tuple(f"p{i}" for i in range(1, slaves + 2))
    far = tuple(f"p{i}" for i in range(1, remotes + 2))
    host, router, beyond = Host("host1", nics(slaves)), Host("router", nics(2)), stations(remotes, "remote")
    (to_router,) = behind("sw1", near[-1:], [router])
    return Topology(
        name="gateway",
        summary=f"{slaves} cables to one switch, {remotes} stations behind a router",
        picture=__doc__ or "",
        hosts=(host, router, *beyond),
        switches=(Switch("sw1", near), Switch("sw2", far)),
        cables=(
            *fan(host, "sw1", near[:-1]),
            to_router,
            cable("router:eth1", f"sw2:{far[0]}"),
            *behind("sw2", far[1:], beyond),
        ),
        roles={
            "host": "host1",
            "peer": "router",
            "router": "router",
            "remote": "remote1",
            **({"remote_b": "remote2"} if remotes > 1 else {}),
            "switch_a": "sw1",
            "peer_link": to_router.name,
        },
        traits=TRAITS,
        only_for=TRAITS,
    )
