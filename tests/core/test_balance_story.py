"""Random stories of balance-tlb and balance-alb against their invariants (Hypothesis, virtual time)."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Address

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from bondimpl.balance.clients import Client
from bondimpl.errors import SlaveError
from bondimpl.forwarding import Balanced
from bondimpl.frames import arp as arp_frames
from bondimpl.modes.balance_alb import BalanceAlb
from bondimpl.slave import Link
from tests.core.packets import NOBODY, arp, ipv4
from tests.core.world import World, mac

NAMES = ["eth0", "eth1", "eth2", "eth3"]
names = st.sampled_from(NAMES)
peers = st.integers(min_value=2, max_value=9)
addresses = st.sampled_from([0, 1, 2, 0x70, 0x71])


class BalanceStory(RuleBasedStateMachine):
    """Cables come and go, slaves join and leave, peers talk to the host; whatever happens, the rules hold."""

    world: World

    @initialize(
        mode=st.sampled_from(["balance-tlb", "balance-alb"]),
        era_name=st.sampled_from(["howto", "6.x"]),
        updelay=st.sampled_from(["0", "300"]),
        downdelay=st.sampled_from(["0", "300"]),
        dynamic=st.sampled_from(["on", "on", "off"]),
    )
    def begin(self, mode: str, era_name: str, updelay: str, downdelay: str, dynamic: str) -> None:
        self.world = World(
            mode, slaves=0, era_name=era_name, updelay=updelay, downdelay=downdelay, tlb_dynamic_lb=dynamic
        )
        self.one_for_all = False
        self.caches: dict[IPv4Address, bytes] = {}
        self.world.machine.cable = self.hear

    def hear(self, slave: str, frame: bytes) -> None:
        """What is said to the peers, who believe it; a slave whose link is lost says nothing of weight."""
        packet = arp_frames.decode(frame)
        if packet is None:
            return
        assert self.world.bond.slaves[slave].carries
        if packet.operation == arp_frames.REPLY:
            self.caches[packet.target] = packet.sender_mac
        else:
            self.caches = dict.fromkeys(self.caches, packet.sender_mac)

    @rule(name=names)
    def pull(self, name: str) -> None:
        self.world.pull(name)

    @rule(name=names)
    def plug(self, name: str) -> None:
        self.world.plug(name)

    @rule(name=names)
    def join(self, name: str) -> None:
        bond = self.world.bond
        if name in bond.slaves or not (bond.admin_up or self.world.era.name == "6.x"):
            return
        in_use = self.mac_of(name) in {bond.mac, *map(self.mac_of, bond.slaves)}
        refusal = None
        try:
            self.world.enslave(name)
        except SlaveError as error:
            refusal = error.errno
        assert refusal is None or (refusal == "EFAULT" and in_use)

    @rule(name=names)
    def leave(self, name: str) -> None:
        if name in self.world.bond.slaves:
            self.world.bond.release(name)
            self.one_for_all &= bool(self.world.bond.slaves)

    @rule(name=names)
    def choose(self, name: str) -> None:
        slave = self.world.bond.slaves.get(name)
        if slave and slave.link is Link.UP and self.world.active:
            self.world.bond.set_active_slave(name)
            assert self.world.active == name

    @rule(last=addresses)
    def set_mac(self, last: int) -> None:
        self.world.bond.set_mac(mac(last))
        everyone = self.world.era.tlb_users_mac_for_all and self.world.bond.options.mode == "balance-tlb"
        self.one_for_all = everyone and bool(self.world.bond.slaves)

    @rule(up=st.booleans())
    def admin(self, up: bool) -> None:
        (self.world.bond.open if up else self.world.bond.close)()

    @rule(peer=peers)
    def answer(self, peer: int) -> None:
        self.host_says(arp(2, 1, peer, self.world.bond.mac, mac(0x80 + peer), mac(0x80 + peer)))

    @rule(peer=peers, answered=st.booleans(), name=names)
    def ask(self, peer: int, answered: bool, name: str) -> None:
        own = self.world.bond.mac
        self.host_says(arp(1, 1, peer, own, NOBODY))
        if answered and name in self.world.bond.slaves:
            self.world.hear(name, arp(2, peer, 1, mac(0x80 + peer), own, own))

    def host_says(self, frame: bytes) -> None:
        for slave, left in self.world.send(frame):
            self.hear(slave, left)

    @rule(peer=st.integers(min_value=2, max_value=250), count=st.integers(min_value=1, max_value=50))
    def send(self, peer: int, count: int) -> None:
        bond = self.world.bond
        for _ in range(count):
            for slave, frame in self.world.send(ipv4(peer)):
                assert bond.slaves[slave].carries
                assert frame[6:12] == (mac(0) if slave == self.world.active else self.mac_of(slave))

    @rule(duration_ms=st.integers(min_value=1, max_value=2500))
    def wait(self, duration_ms: int) -> None:
        self.world.run(duration_ms)

    @precondition(lambda self: self.world.bond.slaves and self.world.bond.admin_up)
    @rule()
    def settle(self) -> None:
        """Left alone, the bond agrees with the cables, every frame gets out, peers know their slaves."""
        self.world.run(15_000)
        up = [n for n in self.world.bond.slaves if self.world.machine.nics[n].cable]
        assert (self.world.active in up) if up else self.world.active is None
        assert len(self.world.send(ipv4(77))) == bool(up)
        for client in self.clients():
            assert (client.slave is not None) == bool(up)
            if client.slave and client.reachable and client.address in self.caches:
                assert self.caches[client.address] == client.slave.mac

    def mac_of(self, name: str) -> bytes:
        return self.world.machine.nics[name].mac

    def clients(self) -> Sequence[Client]:
        alb = self.world.bond._links.rule
        return list(alb._receive.clients) if isinstance(alb, BalanceAlb) else []

    @invariant()
    def flows_and_clients_are_with_slaves_that_carry(self) -> None:
        if not hasattr(self, "world"):
            return
        carrying = {n for n, s in self.world.bond.slaves.items() if s.carries}
        transmit = self.world.plan.transmit
        if isinstance(transmit, Balanced):
            assert transmit.active == self.world.active
            assert {transmit.active, *transmit.table} - {None} <= carrying
        for client in self.clients():
            assert client.slave is None or client.slave.name in carrying

    @invariant()
    def addresses_are_right(self) -> None:
        if not hasattr(self, "world"):
            return
        world, bond = self.world, self.world.bond
        for i, (name, nic) in enumerate(world.machine.nics.items()):
            enslaved = name in bond.slaves
            assert nic.up == nic.attached == enslaved
            assert nic.mac == (bond.slaves[name].mac if enslaved else mac(i))
        worn = [self.mac_of(name) for name in bond.slaves]
        if self.one_for_all:
            assert world.active is None or self.mac_of(world.active) == bond.mac
            return
        assert len(set(worn)) == len(worn)
        if world.active:
            assert self.mac_of(world.active) == bond.mac

    @invariant()
    def only_the_active_slave_is_promiscuous(self) -> None:
        if hasattr(self, "world"):
            counts = {name: nic.promiscuity for name, nic in self.world.machine.nics.items()}
            assert {n: count for n, count in counts.items() if count} in ({}, {self.world.active: 1})


TestBalanceStory = BalanceStory.TestCase
TestBalanceStory.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
