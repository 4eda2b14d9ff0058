"""Random stories of a bond with the ARP monitor against a few invariants (Hypothesis, virtual time)."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from bondimpl.forwarding import Discard, Single
from bondimpl.slave import Link
from tests.core.arp_network import PEER, ArpNetwork
from tests.core.world import mac

NAMES = ["eth0", "eth1", "eth2", "eth3"]
INTERVAL = 100
VALIDATE = ["none", "active", "backup", "all", "filter", "filter_active", "filter_backup"]
ACTIVE, BACKUPS = ("active", "filter_active"), ("backup", "all", "filter_backup")
names = st.sampled_from(NAMES)


class ArpStory(RuleBasedStateMachine):
    """Paths break and heal, slaves join and leave, the target dies and revives."""

    network: ArpNetwork

    @initialize(
        mode=st.sampled_from(["balance-rr", "active-backup", "balance-xor", "broadcast"]),
        era_name=st.sampled_from(["howto", "6.x"]),
        shared=st.booleans(),
        validate=st.sampled_from(VALIDATE),
        every_target=st.booleans(),
        missed_max=st.integers(min_value=1, max_value=3),
    )
    def begin(
        self, mode: str, era_name: str, shared: bool, validate: str, every_target: bool, missed_max: int
    ) -> None:
        self.network = ArpNetwork(
            mode,
            shared=shared,
            era_name=era_name,
            interval=INTERVAL,
            settle_ms=0,
            arp_validate=validate,
            # A slave whose answers are not looked at has no target that answered.
            arp_all_targets="all" if every_target and validate == "all" else "any",
            arp_missed_max=str(missed_max),
        )

    @rule(name=names)
    def break_path(self, name: str) -> None:
        self.network.broken.add(name)

    @rule(name=names)
    def mend_path(self, name: str) -> None:
        self.network.broken.discard(name)

    @rule(name=names)
    def pull(self, name: str) -> None:
        self.network.world.pull(name)

    @rule(name=names)
    def plug(self, name: str) -> None:
        self.network.world.plug(name)

    @rule(name=names)
    def join(self, name: str) -> None:
        if name not in self.network.world.bond.slaves:
            self.network.world.enslave(name)

    @rule(name=names)
    def leave(self, name: str) -> None:
        if name in self.network.world.bond.slaves:
            self.network.world.bond.release(name)

    @rule()
    def target_dies(self) -> None:
        self.network.peers.clear()

    @rule()
    def target_revives(self) -> None:
        self.network.peers[PEER] = mac(0x80)

    @rule()
    def reopen(self) -> None:
        self.network.world.bond.close()
        self.network.run(150)
        self.network.world.bond.open()

    @rule(monitor=st.sampled_from([("miimon", "100"), ("arp_interval", "100"), ("arp_interval", "0")]))
    def change_monitor(self, monitor: tuple[str, str]) -> None:
        self.network.world.bond.set_option(*monitor)

    @rule(duration_ms=st.integers(min_value=1, max_value=1500))
    def wait(self, duration_ms: int) -> None:
        self.network.run(duration_ms)

    @rule()
    def settle(self) -> None:
        """Left alone with a live target, the bond carries if a path is whole, and does not if none is.

        Not where all answers come in by one slave: the others flap, as the HOWTO says. Nor where a slave that
        is down has to hear an active one's probes, which modes that balance do not have.
        """
        network = self.network
        network.world.bond.set_option("arp_interval", str(INTERVAL))
        if network.world.bond.options.arp_validate == "none":
            # miimon has reset arp_validate, and a slave whose answers are not looked at has none.
            network.world.bond.set_option("arp_all_targets", "any")
        self.target_revives()
        network.run(30 * INTERVAL)
        mode = network.world.bond.options.mode
        validate = network.world.bond.options.arp_validate
        if mode != "active-backup" and (validate in BACKUPS or (network.shared and validate in ACTIVE)):
            return
        slaves = [name for name in network.world.bond.slaves if network.world.machine.nics[name].cable]
        whole = [name for name in slaves if name not in network.broken]
        assert network.world.machine.bond_carrier == bool(whole)
        if mode == "active-backup":
            assert (network.world.active in whole) if whole else network.world.active is None
        else:
            assert [n for n in network.world.bond.slaves if network.world.link(n) is Link.UP] == whole
        failures = network.failures()
        network.run(10 * INTERVAL)
        assert network.failures() == failures

    @invariant()
    def only_slaves_that_are_up_carry(self) -> None:
        if not hasattr(self, "network"):
            return
        world = self.network.world
        up = {name for name, slave in world.bond.slaves.items() if slave.carries}
        assert world.machine.bond_carrier == bool(up)
        if world.bond.options.mode == "active-backup":
            assert sum(slave.active for slave in world.bond.snapshot().slaves) == (world.active is not None)
            assert len(world.plan.accept) <= 1, "never more than one slave hears"
            assert world.active is None or world.active in up
            match world.plan.transmit:
                case Single(slave):
                    assert slave == world.active
                case other:
                    assert other == Discard()
            assert isinstance(world.plan.transmit, Discard) == (world.active is None)

    @invariant()
    def only_slaves_without_link_are_tried(self) -> None:
        if not hasattr(self, "network"):
            return
        for slave in self.network.world.bond.slaves.values():
            assert not slave.tried or slave.link in (Link.BACK, Link.FAIL)


TestArpStory = ArpStory.TestCase
TestArpStory.settings = settings(max_examples=120, stateful_step_count=40, deadline=None)
