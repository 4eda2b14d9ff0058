"""The command line of a run."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

import pytest

import topologies
from lab.drivers.base import Era
from lab.errors import TopologyError
from lab.under_test import DRIVERS, OTHERS, DriverName, described

ERAS: tuple[Era, ...] = get_args(Era)


@dataclass(frozen=True, slots=True)
class LabOptions:
    """What the user asked for; `topologies` is None without --topo."""

    topologies: tuple[str, ...] | None
    driver: DriverName
    era: Era
    keep_on_fail: bool
    pause_on_fail: bool
    cli_on_fail: bool
    pcap_dir: Path | None
    behaviours_json: Path | None

    @property
    def stops(self) -> tuple[str, ...]:
        """Which options make the run stop at a failing case."""
        asked = {
            "--keep-on-fail": self.keep_on_fail,
            "--pause-on-fail": self.pause_on_fail,
            "--cli-on-fail": self.cli_on_fail,
        }
        return tuple(option for option, wanted in asked.items() if wanted)


OPTIONS = pytest.StashKey[LabOptions]()


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("bondlab", "bondlab")
    group.addoption(
        "--topo",
        metavar="NAME[,NAME|all]",
        help="topologies to run every case on; 'bladecenter' means its variants, 'bladecenter:esm' one "
        "(default: each case on the smallest topology that shows it)",
    )
    group.addoption(
        "--driver",
        default="userspace",
        metavar="|".join((*DRIVERS, *OTHERS)),
        help="driver under test: bondimpl, or the kernel's own (this machine's, or that of a User-Mode Linux "
        "guest), or a bond of Open vSwitch, or the team driver; default: userspace",
    )
    group.addoption(
        "--era",
        metavar="howto|6.x",
        help="whose behaviour bondimpl has: the HOWTO's (default) or that of a present kernel",
    )
    group.addoption("--lab", metavar="FILE", help="inventory of a physical lab (not built yet)")
    group.addoption(
        "--keep-on-fail",
        action="store_true",
        help="stop at a failing case with its lab still up, and say how to enter it; Enter goes on",
    )
    group.addoption(
        "--pause-on-fail",
        action="store_true",
        help="stop at a failing case with its lab still up; Enter goes on",
    )
    group.addoption(
        "--cli-on-fail",
        action="store_true",
        help="stop at a failing case and talk to its lab through Mininet's command line; 'exit' goes on",
    )
    group.addoption(
        "--pcap-dir", type=Path, metavar="DIR", help="captures of every case, in DIR/CASE/HOST.NIC.pcap"
    )
    group.addoption(
        "--behaviours-json", type=Path, metavar="FILE", help="write which behaviours were verified as JSON"
    )


def pytest_configure(config: pytest.Config) -> None:
    options(config)


def pytest_report_header(config: pytest.Config) -> str:
    chosen = options(config)
    return f"driver under test: {described(chosen.driver, chosen.era)}"


def options(config: pytest.Config) -> LabOptions:
    """The options, checked. Raises pytest.UsageError: one line saying what is wrong."""
    if OPTIONS not in config.stash:
        config.stash[OPTIONS] = _checked(config)
    return config.stash[OPTIONS]


def _checked(config: pytest.Config) -> LabOptions:
    selection, driver, era = (config.getoption(name) for name in ("--topo", "--driver", "--era"))
    try:
        names = None if selection is None else topologies.expand(selection)
    except TopologyError as error:
        raise pytest.UsageError(f"--topo={selection}: {error}") from error
    if driver not in (*DRIVERS, *OTHERS):
        there = ", ".join((*DRIVERS, *OTHERS))
        raise pytest.UsageError(f"--driver={driver}: no such driver; there are: {there}")
    if era is not None and era not in ERAS:
        raise pytest.UsageError(f"--era={era}: no such era; there are: {', '.join(ERAS)}")
    if driver == "kernel" and era == "howto":
        raise pytest.UsageError("--era=howto: the kernel's driver has the behaviour of 6.x")
    if driver in OTHERS and era is not None:
        raise pytest.UsageError(f"--era={era}: the driver {driver} is held to the HOWTO, whatever its age")
    if file := config.getoption("--lab"):
        raise pytest.UsageError(
            f"--lab={file}: physical labs are not built yet; choose a simulated one with --topo"
        )
    return LabOptions(
        topologies=names,
        driver=driver,
        era=era or ("6.x" if driver == "kernel" else "howto"),
        keep_on_fail=config.getoption("--keep-on-fail"),
        pause_on_fail=config.getoption("--pause-on-fail"),
        cli_on_fail=config.getoption("--cli-on-fail"),
        pcap_dir=_directory("--pcap-dir", config.getoption("--pcap-dir")),
        behaviours_json=_file("--behaviours-json", config.getoption("--behaviours-json")),
    )


def _directory(option: str, path: Path | None) -> Path | None:
    """The directory, made if need be, absolute. Raises pytest.UsageError when it cannot be used."""
    if path is None:
        return None
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise pytest.UsageError(f"{option}={path}: {error.strerror}") from error
    _check_writable(option, path, path)
    return path.absolute()


def _file(option: str, path: Path | None) -> Path | None:
    """The file to be written, absolute. Raises pytest.UsageError when it cannot be."""
    if path is None:
        return None
    if not path.parent.is_dir():
        raise pytest.UsageError(f"{option}={path}: there is no directory {path.parent}")
    if path.exists() and not path.is_file():
        raise pytest.UsageError(f"{option}={path}: is not a file")
    _check_writable(option, path, path if path.exists() else path.parent)
    return path.absolute()


def _check_writable(option: str, path: Path, target: Path) -> None:
    if not os.access(target, os.W_OK):
        raise pytest.UsageError(f"{option}={path}: {target} cannot be written to")
