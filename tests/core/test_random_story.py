"""Random stories of a bond against a few invariants (Hypothesis, virtual time)."""

from __future__ import annotations

from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from bondimpl.forwarding import Discard, Hashed, Replicate, RoundRobin, Single
from bondimpl.slave import Link
from tests.core.world import World, mac

NAMES = ["eth0", "eth1", "eth2", "eth3"]
names = st.sampled_from(NAMES)


class BondStory(RuleBasedStateMachine):
    """Cables come and go, slaves join and leave, options change; whatever happens, the rules hold."""

    world: World

    @initialize(
        mode=st.sampled_from(["balance-rr", "active-backup", "balance-xor", "broadcast"]),
        era_name=st.sampled_from(["howto", "6.x"]),
        updelay=st.sampled_from(["0", "300", "1000"]),
        downdelay=st.sampled_from(["0", "300"]),
        primary=st.sampled_from(["", "eth1"]),
        fail_over_mac=st.sampled_from(["none", "active", "follow"]),
    )
    def begin(
        self, mode: str, era_name: str, updelay: str, downdelay: str, primary: str, fail_over_mac: str
    ) -> None:
        options: dict[str, Any] = {"primary": primary} if mode == "active-backup" and primary else {}
        options["fail_over_mac"] = fail_over_mac
        self.world = World(
            mode, slaves=0, miimon="100", updelay=updelay, downdelay=downdelay, era_name=era_name, **options
        )

    @rule(name=names)
    def pull(self, name: str) -> None:
        self.world.pull(name)

    @rule(name=names)
    def plug(self, name: str) -> None:
        self.world.plug(name)

    @rule(name=names)
    def join(self, name: str) -> None:
        if name not in self.world.bond.slaves:
            self.world.enslave(name)

    @rule(name=names)
    def leave(self, name: str) -> None:
        if name in self.world.bond.slaves:
            self.world.bond.release(name)

    @rule(name=names)
    def choose(self, name: str) -> None:
        slave = self.world.bond.slaves.get(name)
        snapshot = self.world.bond.snapshot()
        if slave and slave.link is Link.UP and snapshot.active and snapshot.options.mode == "active-backup":
            self.world.bond.set_active_slave(name)
            assert self.world.active == name

    @rule(name=names)
    def prefer(self, name: str) -> None:
        if self.world.bond.options.mode == "active-backup":
            self.world.bond.set_option("primary", name)

    @rule(on=st.booleans())
    def sniff(self, on: bool) -> None:
        self.world.bond.set_promiscuous(on)

    @rule(duration_ms=st.integers(min_value=1, max_value=2500))
    def wait(self, duration_ms: int) -> None:
        self.world.run(duration_ms)

    @precondition(lambda self: self.world.bond.slaves)
    @rule()
    def settle(self) -> None:
        """Left alone, the bond agrees with the cables."""
        self.world.run(5000)
        for name, slave in self.world.bond.slaves.items():
            assert (slave.link is Link.UP) == self.world.machine.nics[name].cable
        self.failures = {n: s.failures for n, s in self.world.bond.slaves.items()}
        self.world.run(5000)
        assert self.failures == {n: s.failures for n, s in self.world.bond.slaves.items()}
        if self.world.bond.options.mode == "active-backup":
            up = [n for n in self.world.bond.slaves if self.world.machine.nics[n].cable]
            assert (self.world.active in up) if up else self.world.active is None
            if (primary := self.world.bond.options.primary) in up:
                assert self.world.active == primary or self._chosen_by_hand()

    def _chosen_by_hand(self) -> bool:
        return any(event.kind == "active" for event in self.world.events)

    @invariant()
    def only_carrying_slaves_carry(self) -> None:
        if not hasattr(self, "world"):
            return
        carrying = {n for n, s in self.world.bond.slaves.items() if s.carries}
        assert self.world.machine.bond_carrier == bool(carrying)
        if self.world.era.carrier_tested_at_transmit and self.world.bond.options.mode != "active-backup":
            slaves = self.world.bond.slaves
            senders = {n for n in carrying if slaves[n].link is Link.UP and slaves[n].carrier}
        else:
            senders = carrying
        match self.world.plan.transmit:
            case Discard():
                assert not senders
            case Single(slave):
                assert slave == self.world.active
                assert slave in carrying
            case RoundRobin(table) | Hashed(_, table) | Replicate(table):
                assert set(table) == senders

    @invariant()
    def addresses_are_right(self) -> None:
        if not hasattr(self, "world"):
            return
        for i, (name, nic) in enumerate(self.world.machine.nics.items()):
            enslaved = name in self.world.bond.slaves
            if not enslaved or self._policy() == "active":
                assert nic.mac == mac(i)
            elif self._policy() == "none" or name == self.world.active:
                assert nic.mac == self.world.bond.mac
            if self._policy() == "active" and name == self.world.active:
                assert self.world.machine.bond_mac == nic.mac
            assert nic.up == nic.attached == enslaved

    @invariant()
    def the_right_slaves_are_promiscuous(self) -> None:
        if not hasattr(self, "world"):
            return
        bond = self.world.bond
        hearing = {self.world.active} if bond.options.mode == "active-backup" else set(bond.slaves)
        for name, nic in self.world.machine.nics.items():
            assert nic.promiscuity == (bond.promiscuous and name in hearing)

    def _policy(self) -> str:
        options = self.world.bond.options
        return options.fail_over_mac if options.mode == "active-backup" else "none"


TestBondStory = BondStory.TestCase
TestBondStory.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
