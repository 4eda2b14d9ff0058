"""Configuring several bonds, and where options come from (HOWTO sections 2, 3.4 and 1.1)."""

from __future__ import annotations

from lab.cases import behaviour, needs
from testcases.modes import EVERY
from testcases.section_03_configuration.network import Network
from testcases.section_03_configuration.samples import TWO_INSTANCES


@behaviour("2.options.source-command-line", "2.options.source-config-file")
@needs(once=True)
def test_options_come_from_the_command_line_or_a_file(network: Network) -> None:
    """Steps: mode=1 miimon=100 given to modprobe; the same in modprobe.conf and bond0 loaded by its alias.

    Verify: active-backup with a polling interval of 100 ms, and the two statuses are identical.
    """
    line = {"rc.local": "modprobe bonding mode=1 miimon=100\n"}
    file = {"modprobe.conf": "alias bond0 bonding\noptions bond0 mode=1 miimon=100\n"}
    texts = []
    for files in (line, file):
        assert network.start(files) == ["bond0"]
        status = network.bond().status()
        assert (status.mode, status.miimon_ms) == ("active-backup", 100)
        texts.append(network.bond().proc_text())
        network.bondctl("del", "--force", "bond0")
    assert texts[0] == texts[1]


@behaviour("1.1.builtin-no-parameters", "2.max_bonds.default")
@needs(once=True)
def test_without_parameters_there_is_one_bond(network: Network) -> None:
    """Steps: load the driver without any parameter.

    Verify: exactly bond0, and each of its options has the value of a bond made without options.
    """
    assert network.start({"rc.local": "modprobe bonding\n"}) == network.bonds() == ["bond0"]
    network.bondctl("add", "bond1")
    options = network.bond().options()
    assert options == network.bond("bond1").options()
    assert (options["mode"], options["miimon"], options["arp_interval"]) == ("balance-rr", "0", "0")


@behaviour("2.max_bonds.count", "3.4.same-options-max-bonds")
@needs(once=True)
def test_max_bonds_is_the_number_of_bonds(network: Network) -> None:
    """Steps: load with max_bonds=3 and options. Verify: bond0, bond1 and bond2, whose options are equal."""
    files = {"rc.local": "modprobe bonding max_bonds=3 mode=1 miimon=100\n"}
    assert network.start(files) == network.bonds() == ["bond0", "bond1", "bond2"]
    options = [network.bond(name).options() for name in network.bonds()]
    assert options[0] == options[1] == options[2]
    assert (options[0]["mode"], options[0]["miimon"]) == ("active-backup", "100")


@behaviour("2.max_bonds.load-time-only")
@needs(once=True)
def test_max_bonds_acts_at_the_load_only(network: Network) -> None:
    """Steps: load the driver with defaults, then ask for it with max_bonds=3; then apply both once more.

    Verify: still only bond0; what is there already is said, and bond0 stays as it was.
    """
    files = {"rc.local": "modprobe bonding\nmodprobe bonding max_bonds=3\n"}
    assert network.start(files) == network.bonds() == ["bond0"]
    assert "bond0: there is such a bond already" in network.refusal(files)
    assert network.bonds() == ["bond0"]
    assert network.is_up("bond0")


@behaviour("2.max_bonds.per-instance", "3.4.different-options-load-twice", "3.4.unique-instance-names")
@needs(once=True)
def test_max_bonds_counts_for_its_instance(network: Network) -> None:
    """Steps: with one instance of two bonds ask for another mode of bond1; load a second instance by the name
    of the first; then one with a name of its own.

    Verify: the first two are refused with their place. Then three bonds, two with the options of the first
    instance and one with those of the second.
    """
    first = "modprobe bonding -o bond0 max_bonds=2 mode=1 miimon=100\n"
    single = "alias bond0 bonding\noptions bond0 max_bonds=2 mode=1\nalias bond1 bonding\n"
    said = network.refusal({"modprobe.conf": f"{single}options bond1 mode=0\n"})
    assert "modprobe.conf:4: options: without effect: bond1 came with another instance" in said
    said = network.refusal({"rc.local": f"{first}modprobe bonding -o bond0 mode=0\n"})
    assert "rc.local:2: modprobe: an instance bond0 is loaded already" in said
    files = {"rc.local": f"{first}modprobe bonding -o bond2 max_bonds=1 mode=0 miimon=50\n"}
    assert network.start(files) == network.bonds() == ["bond0", "bond1", "bond2"]
    shown = [(view.mode, view.miimon_ms) for view in (network.bond(f"bond{n}").status() for n in range(3))]
    assert shown == [("active-backup", 100), ("active-backup", 100), ("balance-rr", 50)]


@behaviour("3.4.sample-two-bonds")
@needs(slaves=4, meeting=True, switch=True, once=True)
def test_the_sample_of_two_instances(network: Network) -> None:
    """Steps: the HOWTO's modprobe.conf, and a script that brings up bond0 and bond1 with two ports each.

    Verify: each has its mode and interval, and each reaches the peer while the other one is there.
    """
    script = "ifconfig bond0 10.1.0.1 netmask 255.255.255.0 up\nifenslave bond0 eth0 eth1\n"
    script += "ifconfig bond1 10.2.0.1 netmask 255.255.255.0 up\nifenslave bond1 eth2 eth3\n"
    files = {"modprobe.conf": TWO_INSTANCES, "boot.local": script}
    assert network.start(files) == network.bonds() == ["bond0", "bond1"]
    views = [network.bond(name).status() for name in ("bond0", "bond1")]
    assert [(view.mode, view.miimon_ms) for view in views] == [("balance-rr", 100), ("balance-alb", 50)]
    assert [view.slave_names for view in views] == [("eth0", "eth1"), ("eth2", "eth3")]
    network.reaches("10.1.0.2", 24)
    network.reaches("10.2.0.2", 24, "bond1")


@behaviour("3.4.any-number")
@needs(once=True)
def test_any_number_of_instances(network: Network) -> None:
    """Steps: sixteen pairs of alias and options lines. Verify: sixteen bonds, each with its own options."""
    modes = {f"bond{number}": EVERY[number % len(EVERY)] for number in range(16)}
    lines = [
        f"alias {name} bonding\noptions {name} -o {name} mode={mode} miimon={10 * number + 10}\n"
        for number, (name, mode) in enumerate(modes.items())
    ]
    assert network.start({"modprobe.conf": "".join(lines)}) == list(modes)
    shown = {name: network.bond(name).status() for name in modes}
    assert {name: view.mode for name, view in shown.items()} == modes
    assert [view.miimon_ms for view in shown.values()] == list(range(10, 170, 10))
