"""NIC drivers that lie about their link, on the host under test. Only bondimpl can play them."""

from __future__ import annotations

from typing import Any, Literal

import pytest

from lab.cases import BondDriver, Testbed
from lab.drivers.userspace import UserspaceDriver

Link = Literal["up", "down", "fail", "real"]
Query = Literal["carrier", "mii", "ethtool"]
Time = Literal["rx", "tx"]
UP_DOWN: tuple[Link, ...] = ("down", "up")
BOND = "bond0"


class FaultShim:
    """Make one before the bond: `shim = FaultShim(driver, bed)`, then `shim.answer("eth0", "mii", "down")`.

    The NICs of the lab have a true carrier flag, answer ethtool truly and have no MII registers.
    """

    def __init__(self, driver: BondDriver, bed: Testbed) -> None:
        if not isinstance(driver, UserspaceDriver):
            pytest.skip(f"NIC drivers cannot be made to lie to the driver {driver.name}")
        if driver.era != "howto":
            pytest.skip("what the kernel's driver does with NICs that lie cannot be measured here")
        self._daemon = driver.daemon(bed.host("host"), "--fault-shim")

    def answer(self, nic: str, query: Query, link: Link) -> None:
        """From now on a slave's driver answers the query so; `real` is the truth again."""
        self._probe(nic, answers={query: link})

    def speed(self, nic: str, answer: str) -> None:
        """From now on a slave's driver tells this speed (Mbit/s) and duplex: `100/half`, `fail`, `real`."""
        self._probe(nic, answers={"speed": answer})

    def freeze(self, nic: str, *times: Time) -> None:
        """From now on a slave's driver does not update when it last received or sent."""
        self._probe(nic, answers=dict.fromkeys(times, "frozen"))

    def thaw(self, nic: str, *times: Time) -> None:
        """It updates them again."""
        self._probe(nic, answers=dict.fromkeys(times, "real"))

    def refuse_address(self, nic: str) -> None:
        """From now on a slave's driver takes no other hardware address while the NIC is up."""
        self._probe(nic, answers={"mac": "fail"})

    def refresh(self, nic: str, period_ms: int) -> None:
        """The driver renews its carrier flag only that often; 0: at once."""
        self._probe(nic, refresh_ms=period_ms)

    def asked(self, nic: str, query: Query) -> int:
        """How often a slave's driver was asked so far."""
        return int(self._probe(nic)["asked"].get(query, 0))

    def vlans(self, nic: str) -> list[str]:
        """What a slave's driver was told so far for its filter of VLANs, in order: `add 10`, `del 10`."""
        return [str(told) for told in self._probe(nic)["vlans"]]

    def _probe(self, nic: str, **fields: Any) -> dict[str, Any]:
        told: dict[str, Any] = self._daemon.call("probe", bond=BOND, slave=nic, **fields)
        return told
