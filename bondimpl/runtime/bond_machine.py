"""The machine under one bond: implements the core's seam with a TAP, NICs and a data path."""

from __future__ import annotations

from contextlib import ExitStack
from ipaddress import IPv4Address, IPv6Address

from bondimpl.errors import MachineError
from bondimpl.forwarding import ForwardingPlan, Load
from bondimpl.frames.ethernet import ZERO_MAC
from bondimpl.machine import HostAddress, HostGroup, HostIpv6, HostIpv6Groups, LinkProbe, ProbePath, Traffic
from bondimpl.runtime import groups, ipv6
from bondimpl.runtime.datapath import Datapath
from bondimpl.runtime.ethtool import Ethtool
from bondimpl.runtime.links import Link, Links
from bondimpl.runtime.ports import Port, require
from bondimpl.runtime.probe import FaultShim, PortProbe
from bondimpl.runtime.routes import probe_path
from bondimpl.runtime.takeover import Takeover
from bondimpl.runtime.tap import Tap
from bondimpl.runtime.vlans import Vlans
from bondimpl.runtime.wire import Wire


class BondMachine:
    """Effects of one bond. Slaves are known by the name they were enslaved under, and held by index."""

    def __init__(
        self, tap: Tap, link: Link, links: Links, ethtool: Ethtool, takeover: Takeover, path: Datapath
    ) -> None:
        """`link` is the TAP's interface."""
        self._tap = tap
        self._links = links
        self._ethtool = ethtool
        self._takeover = takeover
        self._path = path
        self.index = link.index
        self.mac = link.mac
        """The address that the bond device was last given by us."""
        self.mtu = link.mtu
        """The MTU in bytes on which bond and slaves last agreed."""
        self.ports: dict[str, Port] = {}
        self.probe: LinkProbe = PortProbe(self.ports)
        self.vlans = Vlans(link.index, links, path)
        self._let_pass: set[tuple[str, int]] = set()
        """VLANs, by slave, for which a filter of the NIC had to be opened."""

    def attach(self, slave: str) -> None:
        link = self._links.by_name(slave)
        if link is None:
            raise MachineError(f"{slave}: gone", "ENODEV")
        port = Port(self._links, self._ethtool, link.index, slave)
        self._takeover.take(link)
        try:
            wire = Wire(port.index, slave)
        except MachineError:
            self._takeover.give_back(port)
            raise
        self.ports[slave] = port
        self._path.add(slave, wire)

    def detach(self, slave: str) -> None:
        self._path.remove(slave)
        port = self.ports.pop(slave, None)
        if port is not None:
            self._takeover.give_back(port)

    def set_slave_mac(self, slave: str, mac: bytes) -> None:
        if isinstance(self.probe, FaultShim):
            self.probe.check_address_change(slave)
        self._takeover.set_mac(self._port(slave), mac)

    def set_slave_mtu(self, slave: str, mtu: int) -> None:
        self._port(slave).set_mtu(mtu)

    def set_slave_up(self, slave: str, up: bool) -> None:
        self._port(slave).set_up(up)

    def set_promiscuous(self, slave: str, on: bool) -> None:
        self._path.wire(slave).set_promiscuous(on)

    def set_all_multicast(self, slave: str, on: bool) -> None:
        self._path.wire(slave).set_all_multicast(on)

    def set_vlan_filter(self, slave: str, vlan: int, on: bool) -> None:
        if isinstance(self.probe, FaultShim):
            self.probe.told_of_vlan(slave, vlan, on)
        let_pass = self._port(slave).filters_vlans() if on else (slave, vlan) in self._let_pass
        if let_pass:
            self._path.wire(slave).pass_filter(on)
            (self._let_pass.add if on else self._let_pass.remove)((slave, vlan))

    def set_hears(self, slave: str, mac: bytes, on: bool) -> None:
        self._path.wire(slave).set_hears(mac, on)

    def set_bond_promiscuous(self) -> None:
        self._links.set_promiscuous(self.index, self._tap.name)

    def open_queues(self, count: int) -> None:
        if not self._tap.queues:
            self._tap.open_queues(count)
            self._path.add_queues(self._tap.queues)

    def set_bond_mac(self, mac: bytes) -> None:
        # A TAP cannot carry zeroes; a bond without address keeps the one it has, and only reports zeroes.
        if mac in (ZERO_MAC, self.mac):
            return
        try:
            self._links.set_mac(self.index, self._tap.name, mac)
        except MachineError as error:
            if error.errno != "ENODEV":  # somebody has deleted the device: nothing is left to have an address
                raise
        self.mac = mac

    def set_bond_carrier(self, up: bool) -> None:
        self._tap.set_carrier(up)
        self.vlans.set_carrier(up)

    def bond_mtu(self) -> int:
        return self.mtu

    def bond_addresses(self) -> tuple[HostAddress, ...]:
        return tuple(
            HostAddress(address, link.vlan)
            for link in self._devices()
            for address in self._links.addresses(link.index)
        )

    def is_of_bridge(self, address: IPv4Address) -> bool:
        bridges = (link for link in self._links.all() if link.kind == "bridge")
        return any(address in self._links.addresses(link.index) for link in bridges)

    def bond_ipv6_addresses(self) -> tuple[HostIpv6, ...]:
        return tuple(
            HostIpv6(address, link.vlan, ipv6.forwards(link.name))
            for link in self._devices()
            for address in self._links.ipv6_addresses(link.index)
        )

    def bond_groups(self) -> tuple[HostGroup, ...]:
        found: list[HostGroup] = []
        joined = groups.joined()
        for link in self._devices():
            version, members = joined.get(link.index, (3, []))
            if members:
                source = next(iter(self._links.addresses(link.index)), IPv4Address(0))
                found += [HostGroup(group, source, link.vlan, version) for group in members]
        return tuple(found)

    def bond_ipv6_groups(self) -> tuple[HostIpv6Groups, ...]:
        found = []
        joined = groups.joined_ipv6()
        for link in self._devices():
            if members := joined.get(link.index):
                own = (a for a in self._links.ipv6_addresses(link.index) if a.is_link_local)
                source, version = next(own, IPv6Address(0)), ipv6.mld_version(link.name)
                found.append(HostIpv6Groups(tuple(members), source, link.vlan, version))
        return tuple(found)

    def bond_vlans(self) -> tuple[int, ...]:
        return tuple(link.vlan for link in self._devices() if link.vlan is not None)

    def add_vlan(self, vlan: int, name: str, mac: bytes) -> None:
        self.vlans.add(vlan, name, mac, self.mtu)

    def remove_vlan(self, vlan: int) -> None:
        self.vlans.remove(vlan)

    def set_vlan_mac(self, vlan: int, mac: bytes) -> None:
        self.vlans.set_mac(vlan, mac)

    def _devices(self) -> list[Link]:
        """The bond device and those of VLANs directly on it."""
        every = self._links.all()
        own = [link for link in every if link.index == self.index]
        return own + [link for link in every if link.lower == self.index and link.vlan is not None]

    def take_load(self) -> Load:
        return self._path.take_load()

    def traffic(self, slave: str) -> Traffic:
        passed = self._path.traffic(slave)
        return self.probe.traffic(slave, passed) if isinstance(self.probe, FaultShim) else passed

    def probe_path(self, target: IPv4Address | IPv6Address) -> ProbePath | None:
        return probe_path(self._links, self.index, target)

    def rescue(self) -> None:
        """Give back what the core, ended by an error, has not. Raises MachineError, but tries every slave."""
        self.vlans.close()
        with ExitStack() as every:
            for slave, port in self.ports.items():
                self._path.remove(slave)
                every.callback(self._takeover.rescue, port)
        self.ports.clear()

    def transmit(self, slave: str, frame: bytes) -> None:
        self._path.transmit(slave, frame)

    def publish(self, plan: ForwardingPlan) -> None:
        self._path.publish(plan)

    def _port(self, slave: str) -> Port:
        return require(self.ports.get(slave), slave)
