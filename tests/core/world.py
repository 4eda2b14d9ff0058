"""A world without I/O: a machine made of dictionaries, a virtual clock, a bond on top."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from ipaddress import IPv4Address, IPv6Address

from bondimpl import era, settle
from bondimpl.bond import Bond
from bondimpl.clock import VirtualClock
from bondimpl.errors import MachineError
from bondimpl.events import Event
from bondimpl.forwarding import Forwarder, ForwardingPlan, Load
from bondimpl.frames import flow
from bondimpl.machine import (
    HostAddress,
    HostGroup,
    HostIpv6,
    HostIpv6Groups,
    PortInfo,
    ProbePath,
    Speed,
    Traffic,
)
from bondimpl.slave import Link


def mac(last: int) -> bytes:
    """The address 02:00:00:00:00:last."""
    return bytes([2, 0, 0, 0, 0, last])


@dataclass
class Nic:
    """An interface: what the test sets and what the bond has done to it."""

    name: str
    mac: bytes
    mtu: int = 1500
    up: bool = False
    cable: bool = True
    mii: bool | None = None
    ethtool: bool | None = None
    speed: Speed = field(default_factory=lambda: Speed(10_000, "full"))
    attached: bool = False
    promiscuity: int = 0
    all_multicast: int = 0
    filters: list[int] = field(default_factory=list)
    """Ids of VLANs that it was told to let in."""
    hears: set[bytes] = field(default_factory=set)
    queries: list[str] = field(default_factory=list)
    traffic: Traffic = field(default_factory=Traffic)


class FakeMachine:
    """Implements Machine and LinkProbe. `fail_on`: a refused effect; `stubborn`: a NIC that refuses all."""

    def __init__(self, nics: int) -> None:
        self.nics = {f"eth{i}": Nic(f"eth{i}", mac(i)) for i in range(nics)}
        self.bond_mac = b""
        self.queues = 1
        self.bond_carrier = False
        self.addresses: tuple[HostAddress, ...] = ()
        self.ipv6_addresses: tuple[HostIpv6, ...] = ()
        self.groups: tuple[HostGroup, ...] = ()
        self.ipv6_groups: tuple[HostIpv6Groups, ...] = ()
        self.bridged: set[IPv4Address] = set()
        """Addresses of bridges of the host."""
        self.sent: list[tuple[str, bytes]] = []
        self.plans: list[ForwardingPlan] = []
        self.vlans: tuple[int, ...] = ()
        self.vlan_macs: dict[int, bytes] = {}
        self.bond_promiscuous = False
        self.missed: Callable[[int], str | None] = lambda _bucket: None
        self.forwarder = Forwarder(missed=lambda bucket: self.missed(bucket))
        self.fail_on: str | None = None
        self.stubborn: str | None = None
        self.mtu = 1500
        self.paths: dict[IPv4Address | IPv6Address, ProbePath | None] = {}
        """Of targets that are not simply neighbours of the bond's first address."""
        self.now: Callable[[], float] = lambda: 0.0
        self.cable: Callable[[str, bytes], None] = lambda _slave, _frame: None
        """Where frames of the driver's own go."""

    @property
    def probe(self) -> FakeMachine:
        return self

    def _effect(self, name: str, slave: str | None = None) -> None:
        if name == self.fail_on or (slave and slave == self.stubborn):
            raise MachineError(f"{name} refused", "EPERM")

    def attach(self, slave: str) -> None:
        self._effect("attach")
        self.nics[slave].attached = True

    def detach(self, slave: str) -> None:
        self.nics[slave].attached = False
        self.nics[slave].promiscuity = 0

    def set_slave_mac(self, slave: str, mac: bytes) -> None:
        self._effect("set_slave_mac", slave)
        self.nics[slave].mac = mac

    def set_promiscuous(self, slave: str, on: bool) -> None:
        self._effect("set_promiscuous", slave)
        self.nics[slave].promiscuity += 1 if on else -1

    def set_all_multicast(self, slave: str, on: bool) -> None:
        self._effect("set_all_multicast", slave)
        self.nics[slave].all_multicast += 1 if on else -1

    def set_vlan_filter(self, slave: str, vlan: int, on: bool) -> None:
        self._effect("set_vlan_filter", slave)
        filters = self.nics[slave].filters
        (filters.append if on else filters.remove)(vlan)

    def set_hears(self, slave: str, mac: bytes, on: bool) -> None:
        self._effect("set_hears", slave)
        hears = self.nics[slave].hears
        (hears.add if on else hears.remove)(mac)

    def set_bond_promiscuous(self) -> None:
        self.bond_promiscuous = True

    def set_slave_mtu(self, slave: str, mtu: int) -> None:
        self._effect("set_slave_mtu", slave)
        self.nics[slave].mtu = mtu

    def set_slave_up(self, slave: str, up: bool) -> None:
        self._effect("set_slave_up", slave)
        self.nics[slave].up = up

    def open_queues(self, count: int) -> None:
        self._effect("open_queues")
        self.queues = count

    def set_bond_mac(self, mac: bytes) -> None:
        self._effect("set_bond_mac")
        self.bond_mac = mac

    def set_bond_carrier(self, up: bool) -> None:
        self.bond_carrier = up

    def bond_mtu(self) -> int:
        return self.mtu

    def bond_addresses(self) -> tuple[HostAddress, ...]:
        self._effect("bond_addresses")
        return self.addresses

    def is_of_bridge(self, address: IPv4Address) -> bool:
        return address in self.bridged

    def bond_ipv6_addresses(self) -> tuple[HostIpv6, ...]:
        return self.ipv6_addresses

    def bond_groups(self) -> tuple[HostGroup, ...]:
        self._effect("bond_groups")
        return self.groups

    def bond_ipv6_groups(self) -> tuple[HostIpv6Groups, ...]:
        return self.ipv6_groups

    def bond_vlans(self) -> tuple[int, ...]:
        return self.vlans

    def add_vlan(self, vlan: int, name: str, mac: bytes) -> None:
        self._effect("add_vlan")
        self.vlans = (*self.vlans, vlan)
        self.vlan_macs[vlan] = mac

    def remove_vlan(self, vlan: int) -> None:
        self.vlans = tuple(each for each in self.vlans if each != vlan)
        del self.vlan_macs[vlan]

    def set_vlan_mac(self, vlan: int, mac: bytes) -> None:
        self._effect("set_vlan_mac")
        self.vlan_macs[vlan] = mac

    def take_load(self) -> Load:
        return self.forwarder.take_load()

    def traffic(self, slave: str) -> Traffic:
        return self.nics[slave].traffic

    def probe_path(self, target: IPv4Address | IPv6Address) -> ProbePath | None:
        own = self.addresses if target.version == 4 else self.ipv6_addresses
        nobody = IPv4Address(0) if target.version == 4 else IPv6Address(0)
        return self.paths.get(target, ProbePath(own[0].address if own else nobody))

    def transmit(self, slave: str, frame: bytes) -> None:
        self._effect("transmit", slave)
        self.sent.append((slave, frame))
        nic = self.nics[slave]
        nic.traffic = replace(nic.traffic, last_tx_ms=self.now())
        self.cable(slave, frame)

    def publish(self, plan: ForwardingPlan) -> None:
        self.plans.append(plan)
        self.forwarder.plan = plan

    def admin_up(self, slave: str) -> bool:
        return self.nics[slave].up

    def carrier(self, slave: str) -> bool:
        self.nics[slave].queries.append("carrier")
        return self.nics[slave].cable

    def mii_link(self, slave: str) -> bool | None:
        self.nics[slave].queries.append("mii")
        return self.nics[slave].mii

    def ethtool_link(self, slave: str) -> bool | None:
        self.nics[slave].queries.append("ethtool")
        return self.nics[slave].ethtool

    def speed(self, slave: str) -> Speed:
        self._effect("speed")
        return self.nics[slave].speed


class World:
    """A host with NICs eth0, eth1, ... (addresses 02:00:00:00:00:00, :01, ...) and bond0, which is up.

    `slaves` of the NICs are enslaved. Options are given as to the driver, in text.
    """

    def __init__(
        self,
        mode: str = "balance-rr",
        *,
        slaves: int = 2,
        nics: int = 4,
        era_name: str = "howto",
        clock: VirtualClock | None = None,
        **options: str,
    ) -> None:
        self.clock = clock or VirtualClock()
        self.machine = FakeMachine(nics)
        self.machine.now = self.clock.now
        self.era = era.era(era_name)
        settled, warnings = settle.at_load({"mode": mode, **options})
        self.events: list[Event] = []
        self.bond = Bond(
            "bond0",
            settled,
            era=self.era,
            clock=self.clock,
            machine=self.machine,
            warnings=warnings,
            random_mac=lambda: mac(0xEE),
        )
        self.machine.missed = self.bond.bucket_missed
        self.bond.subscribe(self.events.append)
        self.bond.open()
        for i in range(slaves):
            self.enslave(f"eth{i}")

    def port(self, name: str) -> PortInfo:
        nic = self.machine.nics[name]
        return PortInfo(nic.name, nic.mac, nic.mtu, nic.up)

    def enslave(self, name: str) -> None:
        self.bond.enslave(self.port(name))

    def pull(self, name: str) -> None:
        self.machine.nics[name].cable = False

    def plug(self, name: str) -> None:
        self.machine.nics[name].cable = True

    def run(self, duration_ms: float) -> None:
        self.clock.advance(duration_ms)

    @property
    def active(self) -> str | None:
        return self.bond.snapshot().active

    @property
    def plan(self) -> ForwardingPlan:
        return self.machine.plans[-1]

    def link(self, name: str) -> Link:
        return self.bond.slaves[name].link

    def lost(self, name: str) -> bool:
        """Whether the bond has given the slave's link up."""
        return self.link(name) is Link.DOWN

    def leaves_by(self, frames: int = 1, *, dst: bytes = mac(0x80), src: bytes | None = None) -> list[str]:
        """The slaves by which `frames` equal frames from the host would leave now."""
        forwarder = Forwarder(self.plan)
        frame = dst + (src or self.bond.mac) + b"\x08\x00" + bytes(46)
        return [slave for _ in range(frames) for slave in forwarder.targets(frame)]

    def send(self, frame: bytes) -> list[tuple[str, bytes]]:
        """The host sends a frame: each slave by which it leaves now, and what it looks like there."""
        forwarder = self.machine.forwarder
        punted = {punt.ethertype for punt in self.plan.punt if punt.from_host}
        if flow.link(frame).ethertype in punted and self.bond.frame_from_host(frame):
            return []
        left = []
        for slave in forwarder.targets(frame):
            on_the_wire = bytearray(frame)
            forwarder.rewrite_sent(slave, memoryview(on_the_wire))
            left.append((slave, bytes(on_the_wire)))
        return left

    def hear(self, slave: str, frame: bytes) -> bytes | None:
        """What the host gets of a frame that a slave receives; None when nothing."""
        forwarder, delivered = self.machine.forwarder, bytearray(frame)
        punted = {punt.ethertype for punt in self.plan.punt}
        if flow.link(frame).ethertype in punted and self.bond.frame_from_slave(slave, frame):
            return None
        if not forwarder.accepts(slave, frame):
            return None
        forwarder.rewrite_received(slave, memoryview(delivered))
        return bytes(delivered)

    def log(self) -> list[str]:
        return [event.value for event in self.events if event.kind == "log"]

    def until(self, condition: Callable[[], bool], within_ms: float) -> float:
        """Time in ms, counted from now, at which the condition first holds (looked at every ms)."""
        start = self.clock.now()
        while not condition():
            assert self.clock.now() - start <= within_ms, f"not within {within_ms} ms"
            self.run(1)
        return self.clock.now() - start
