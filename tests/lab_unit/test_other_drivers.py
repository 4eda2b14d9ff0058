"""Drivers of another kind: their own words read, what they lack told, the page about them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from lab import under_test
from lab.drivers import team
from lab.drivers.foreign import Uncounted
from lab.drivers.ovs_status import Member, members
from lab.drivers.team_status import view
from lab.errors import DriverLacks, LabError
from lab.lacp import LacpState
from lab.oracle.__main__ import main
from lab.oracle.others import as_page, counts
from lab.oracle.runs import Outcome, Result
from tests.lab_unit.plugin_runs import ID_A, ID_B, as_in_a_sandbox, run

__all__ = ["as_in_a_sandbox"]
pytest_plugins = ("pytester",)

DATA = Path(__file__).parent.parent / "data"


def test_members_of_open_vswitch() -> None:
    assert members((DATA / "ovs" / "bond_delays.txt").read_text()) == (
        Member("bond0-spare", "down", active=False),
        Member("eth0", "going down", active=True),
        Member("eth1", "going back", active=False),
        Member("eth2", "up", active=False),
    )


@pytest.mark.parametrize(
    "use",
    [
        lambda n: n == 0,
        lambda n: n != 0,
        lambda n: n > 0,
        lambda n: 1 + n,
        lambda n: {n},
        lambda n: [n] == [1],
    ],
)
def test_a_count_that_is_not_kept_is_no_figure(use: Callable[[int], object]) -> None:
    with pytest.raises(DriverLacks, match="does not count"):
        use(Uncounted())


def test_a_team_with_an_active_port() -> None:
    text = (DATA / "team" / "activebackup.json").read_text()
    shown = view(text, "active-backup", {"miimon": "100", "primary": "eth1"})
    assert (shown.mode, shown.active, shown.primary, shown.miimon_ms) == (
        "active-backup",
        "eth0",
        "eth1",
        100,
    )
    assert shown.pretty_mode == "fault-tolerance (active-backup)"
    states = {slave.name: (slave.mii_status, slave.failures) for slave in shown.slaves}
    assert states == {"eth0": ("up", 0), "eth1": ("down", 1)}
    assert shown.ad is None


def test_a_team_without_a_partner() -> None:
    shown = view((DATA / "team" / "lacp.json").read_text(), "802.3ad", {})
    assert shown.ad
    assert (shown.ad.lacp_rate, shown.ad.aggregator) == ("fast", None)
    actor = shown.slave("eth0").actor
    assert actor
    assert actor.state == (LacpState.ACTIVITY | LacpState.TIMEOUT | LacpState.AGGREGATION | LacpState.EXPIRED)
    assert shown.slave("eth0").aggregator_id is None


def test_options_of_a_team() -> None:
    options = {"mode": "802.3ad", "lacp_rate": "1", "xmit_hash_policy": "layer3+4", "updelay": "200"}
    assert team.config_of("802.3ad", options) == {
        "runner": {"name": "lacp", "fast_rate": True, "tx_hash": ["ip", "l4"]},
        "link_watch": {"name": "ethtool", "delay_up": 200},
    }


@pytest.mark.parametrize(
    ("mode", "options"),
    [
        ("balance-rr", {"miimon": "0"}),
        ("active-backup", {"arp_interval": "100"}),
        ("balance-rr", {"primary": "eth1"}),
        ("802.3ad", {"xmit_hash_policy": "encap2+3"}),
    ],
)
def test_what_a_team_lacks(mode: str, options: Mapping[str, str]) -> None:
    with pytest.raises(DriverLacks, match="the team driver"):
        team.config_of(mode, options)


def test_what_a_driver_lacks_is_not_runnable(pytester: pytest.Pytester) -> None:
    case = """
import pytest
from lab.errors import DriverLacks, LabError

def test_good(): pass
def test_asks_too_much(): raise DriverLacks("it has no such mode")

@pytest.fixture
def bond(): raise DriverLacks("it has no such bond")
def test_asks_too_early(bond): assert False
"""
    assert run(pytester, case).ret == pytest.ExitCode.TESTS_FAILED
    result = run(pytester, case, "-rs", "--driver=ovs")
    assert result.ret == pytest.ExitCode.OK
    result.stdout.fnmatch_lines(["*not runnable: it has no such mode", "*1 passed, 2 skipped*"])
    result.stdout.fnmatch_lines(["*not runnable: it has no such bond"])


@pytest.mark.parametrize("driver", under_test.OTHERS)
def test_they_are_held_to_the_howto(driver: str, pytester: pytest.Pytester) -> None:
    result = run(pytester, "def test_good(): pass\n", f"--driver={driver}", "--era=6.x")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"*--era=6.x: the driver {driver} is held to the HOWTO*"])


@pytest.mark.parametrize("arguments", [["--driver"], ["--driver", "kernel"]])
def test_the_oracle_has_no_other_driver(arguments: list[str]) -> None:
    with pytest.raises(LabError, match="no such driver; there are: ovs, team"):
        main(arguments)


def test_the_page() -> None:
    lacking = {"t.py::test_c": "not runnable: it has no modes"}
    result = Result(
        driver="a driver",
        catalogue=374,
        behaviours={
            ID_A: Outcome(outcome="verified", cases={"t.py::test_a": "passed"}, instead={}, reasons={}),
            ID_B: Outcome(
                outcome="failed",
                cases={"t.py::test_b[1]": "failed", "t.py::test_b[2]": "passed"},
                instead={},
                reasons={},
            ),
            "2.mode.default": Outcome(
                outcome="not shown", cases={"t.py::test_c": "skipped"}, instead={}, reasons=lacking
            ),
        },
    )
    assert counts(result) == {"agree": 1, "differ": 1, "not runnable": 1}
    page = as_page({"strange": result})
    assert "| strange | 1 | 0 | 1 | 0 | 1 |" in page
    assert "## strange: a driver" in page
    assert f"| {ID_B} | `test_b[1]` |" in page
    assert "| 1 | it has no modes |" in page
