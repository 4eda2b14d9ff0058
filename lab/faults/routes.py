"""Routes that lead around the bond."""

from __future__ import annotations

import time
from collections.abc import Sequence

from lab.errors import LabBroken
from lab.faults.base import Fault
from lab.hosts.base import Host
from lab.testbed import Testbed


class RouteConflict(Fault):
    """Routes to `network` over the slaves `nics` come before the bond's (HOWTO 9.1).

    They stand before those of the same network that are there; the first wins while its NIC is up. `within`
    is an address in the network, by which it is shown that the kernel goes that way.
    """

    def __init__(self, bed: Testbed, host: Host, network: str, nics: Sequence[str], within: str) -> None:
        super().__init__(bed, f"{host.name}: {network} by {', '.join(nics)} before the bond")
        self.host, self.network, self.nics, self.within = host, network, tuple(nics), within
        self._added: list[list[str]] = []

    def _begin(self) -> float:
        for nic in reversed(self.nics):
            route = [self.network, "dev", nic]
            self.host.run(["ip", "route", "prepend", *route])
            self._added.append(route)
        at_s = time.monotonic()
        chosen = self.host.run(["ip", "route", "get", self.within]).stdout
        if f" dev {self.nics[0]} " not in chosen:
            raise LabBroken(f"{self.text}: yet {self.within} goes {chosen.strip()}")
        return at_s

    def _end(self) -> None:
        while self._added:
            # A slave that has gone down has taken its route with it.
            self.host.run(["ip", "route", "del", *self._added.pop()], check=False)
