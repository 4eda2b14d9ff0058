"""Each sample of the HOWTO's section 3 gives the bond that it describes."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Interface

import pytest

from bondimpl.config import dialects
from bondimpl.config.faults import ConfigError, Files
from bondimpl.config.model import Address, BondConfig, BondEntry, Member, Start
from tests.config import samples

BOTH = (Member("eth0"), Member("eth1"))
ALB = (("mode", "balance-alb"), ("miimon", "100"))
HOME = Address(IPv4Interface("192.168.1.1/24"))


def test_sysconfig() -> None:
    broadcast = Address(IPv4Interface("10.0.2.10/16"), IPv4Address("10.0.2.255"))
    options = (("mode", "active-backup"), ("miimon", "100"))
    bond = BondEntry("bond0", options, BOTH, (broadcast,))
    assert dialects.read(samples.SYSCONFIG) == BondConfig((bond,))


def test_initscripts() -> None:
    bond = BondEntry("bond0", ALB, BOTH, (HOME,))
    assert dialects.read(samples.INITSCRIPTS) == BondConfig((bond,))


def test_manual() -> None:
    bond = BondEntry("bond0", ALB, BOTH, (HOME,))
    assert dialects.read(samples.MANUAL) == BondConfig((bond,), after=("e100",))


def test_two_instances() -> None:
    first = BondEntry("bond0", (("mode", "balance-rr"), ("miimon", "100")))
    second = BondEntry("bond1", (("mode", "balance-alb"), ("miimon", "50")))
    assert dialects.read(samples.TWO_BONDS) == BondConfig((first, second))


@pytest.mark.parametrize("rest", ["", "bond0 "])
def test_the_name_of_an_instance_may_stand_apart(rest: str) -> None:
    text = "modprobe bonding -o bond0 mode=1\n" if rest else "modprobe bonding -obond0 mode=1\n"
    assert dialects.read({"rc.local": text}).bonds == (BondEntry("bond0", (("mode", "active-backup"),)),)


def bonds(text: str, file: str = "modprobe.conf") -> list[tuple[str, str]]:
    return [(bond.name, dict(bond.options)["mode"]) for bond in dialects.read({file: text}).bonds]


def test_max_bonds_counts_for_its_own_instance() -> None:
    assert bonds("options bonding max_bonds=3 mode=1\nalias bond0 bonding\nalias bond2 bonding\n") == [
        ("bond0", "active-backup"),
        ("bond1", "active-backup"),
        ("bond2", "active-backup"),
    ]
    two = "modprobe bonding -o bond0 max_bonds=2 mode=1\nmodprobe bonding -o bond2 max_bonds=1 mode=0\n"
    assert bonds(two, "rc.local") == [
        ("bond0", "active-backup"),
        ("bond1", "active-backup"),
        ("bond2", "balance-rr"),
    ]


def test_a_loaded_module_is_not_loaded_again() -> None:
    assert bonds("modprobe bonding mode=1\nmodprobe bonding mode=1 max_bonds=3\n", "rc.local") == [
        ("bond0", "active-backup")
    ]


RENAMING = """alias bond0 bonding
options bond0 mode=active-backup miimon=50
alias eth0 tg3
alias eth1 tg3
alias eth2 e1000
alias eth3 e1000
"""


def test_the_order_in_which_drivers_are_loaded() -> None:
    assert dialects.read({"modules.conf": RENAMING}).before == ()
    assert dialects.read({"modules.conf": f"{RENAMING}add above bonding e1000 tg3\n"}).before == (
        "e1000",
        "tg3",
    )
    line = (
        "install bonding /sbin/modprobe tg3; /sbin/modprobe e1000; /sbin/modprobe --ignore-install bonding\n"
    )
    for file in ("modprobe.conf", "modprobe.conf.local"):
        config = dialects.read({file: RENAMING + line})
        assert config.before == ("tg3", "e1000")
        assert config.bonds == (BondEntry("bond0", (("mode", "active-backup"), ("miimon", "50"))),)


FAULTS: list[tuple[Files, str]] = [
    (
        {"modprobe.conf": "alias bond0 bonding\nadd above bonding e1000 tg3\n"},
        "modprobe.conf:2: add: only modules.conf has `add`; write `install bonding modprobe NIC-MODULE; "
        "modprobe --ignore-install bonding`",
    ),
    (
        {"modules.conf": "install bonding /sbin/modprobe tg3; /sbin/modprobe --ignore-install bonding\n"},
        "modules.conf:1: install: modules.conf has no --ignore-install (modprobe.conf has); write "
        "`add above bonding ...`",
    ),
    (
        {"modprobe.conf": "alias bond0 bonding\ninstall bonding modprobe tg3; modprobe bonding\n"},
        "modprobe.conf:2: install: goes round in circles; write --ignore-install bonding",
    ),
    (
        {"modprobe.conf": "alias bond0 bonding\n\nalias bond1 bonding\noptions bond1 mode=1\n"},
        "modprobe.conf:3: alias: bond1: no such device; bonding is loaded already, so it needs an instance "
        "of its own (options bond1 -o bond1 ...) or max_bonds",
    ),
    (
        {
            "modprobe.conf": "alias bond0 bonding\noptions bond0 max_bonds=2\nalias bond1 bonding\n"
            "options bond1 mode=1\n"
        },
        "modprobe.conf:4: options: without effect: bond1 came with another instance; give this one a name "
        "(-o bond1)",
    ),
    (
        {"rc.local": "modprobe bonding -o bond0\nmodprobe bonding -o bond0\n"},
        "rc.local:2: modprobe: an instance bond0 is loaded already; each needs a name of its own",
    ),
    (
        {"rc.local": "modprobe bonding\nifenslave bond0 eth0\n"},
        "rc.local:2: ifenslave: bond0 is not up yet; ifconfig bond0 up comes first",
    ),
    (
        {"ifcfg-bond0": "BONDING_MASTER=yes\nSTARTMODE=hotplug\n"},
        "ifcfg-bond0:2: STARTMODE: a bond cannot be started by a hotplug event; write onboot or manual",
    ),
    (
        {"ifcfg-bond0": "BONDING_MASTER=yes\nBONDING_MODULE_OPTS='max_bonds=2'\n"},
        "ifcfg-bond0:2: BONDING_MODULE_OPTS: max_bonds does not belong here: each file makes the one bond of "
        "its name",
    ),
    (
        {"ifcfg-bond0": "BONDING_MASTER=yes\nBONDING_MODULE_OPTS='miimn=100'\n"},
        "ifcfg-bond0:2: BONDING_MODULE_OPTS: there is no option 'miimn'; did you mean miimon?",
    ),
    (
        {"ifcfg-eth1": "DEVICE=eth0\nSLAVE=yes\nMASTER=bond0\n", "ifcfg-bond0": "BONDING_OPTS=mode=1\n"},
        "ifcfg-eth1:1: DEVICE: 'eth0' does not match the name of the file",
    ),
    (
        {"ifcfg-bond0": "DEVICE=bond0\nONBOOT=yes\n"},
        "ifcfg-bond0:1: DEVICE: bond0: no such device; no line `alias bond0 bonding` makes one",
    ),
    (
        {
            "ifcfg-bond0": "BONDING_MASTER=yes\nBONDING_SLAVE0=eth0\n",
            "ifcfg-bond1": "BONDING_MASTER=yes\nBONDING_SLAVE0=eth0\n",
        },
        "ifcfg-bond1:2: BONDING_SLAVE0: eth0 is a slave of bond0 already",
    ),
]


@pytest.mark.parametrize(("files", "said"), FAULTS, ids=[said.split(": ")[2][:30] for _, said in FAULTS])
def test_what_cannot_be_is_said_with_its_place(files: Files, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        dialects.read(files)
    assert str(caught.value) == said


@pytest.mark.parametrize("value", ["yes", "no", None])
def test_only_bonding_master_yes_makes_a_bond(value: str | None) -> None:
    line = f"BONDING_MASTER={value}\n" if value else ""
    config = dialects.read({"ifcfg-bond0": f"{line}STARTMODE=onboot\nBONDING_SLAVE0=eth0\n"})
    assert [bond.name for bond in config.bonds] == (["bond0"] if value == "yes" else [])


@pytest.mark.parametrize(
    ("word", "start"),
    [("onboot", Start.BOOT), ("manual", Start.MANUAL), ("off", Start.OFF), ("ignore", Start.OFF)],
)
def test_start_modes(word: str, start: Start) -> None:
    (bond,) = dialects.read({"ifcfg-bond0": f"BONDING_MASTER=yes\nSTARTMODE={word}\n"}).bonds
    assert bond.start is start


def test_only_the_files_of_the_folder_count() -> None:
    folder = "/root/etc/sysconfig/network-scripts"
    files = {f"{folder}/{name}": text for name, text in samples.INITSCRIPTS.items() if "ifcfg" in name}
    files["/root/etc/modules.conf"] = samples.INITSCRIPTS["modules.conf"]
    files["/root/etc/sysconfig/ifcfg-eth2"] = samples.INITSCRIPTS["ifcfg-eth1"].replace("eth1", "eth2")
    (bond,) = dialects.read(files).bonds
    assert bond.slaves == BOTH
