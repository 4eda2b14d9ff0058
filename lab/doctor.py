"""What this machine can do for the lab, and what it cannot, with the remedy."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Literal

from bondimpl.errors import MachineError
from bondimpl.runtime import steering
from lab import runs
from lab.drivers import native
from lab.hosts.uml import image

State = Literal["ok", "limited", "missing"]
SETUP = "run ./setup.sh as root"
GUEST_MB = 128
_VETH = "ip link add veth0 type veth peer name veth1"


@dataclass(frozen=True, slots=True)
class Finding:
    """`missing`: no lab can be built; `limited`: some cases are skipped, or it is slow."""

    what: str
    state: State
    found: str
    remedy: str = ""


def examine() -> Iterator[Finding]:
    """Look at everything, the most basic first. Needs no root, but can tell little without."""
    for check in (_root, _namespaces, _tun, _programs, _mininet, _patch_panel, _rate_limits):
        yield check()
    for check in (_steering, _kernel_bonding, _kernel_vlans, _guests, _open_vswitch, _room, _leftovers):
        yield check()


def _root() -> Finding:
    if os.geteuid():
        return Finding("root", "missing", f"user id {os.geteuid()}", "run this with sudo")
    return Finding("root", "ok", "yes")


def _namespaces() -> Finding:
    done = _run("unshare", "--net", "--mount", "--pid", "--fork", "true")
    if done is None:
        return Finding("namespaces", "ok", "network, mount and process namespaces")
    return Finding("namespaces", "missing", done, "a container needs --privileged")


def _tun() -> Finding:
    device = Path("/dev/net/tun")
    try:
        device.open("r+b", buffering=0).close()
    except OSError as error:
        remedy = "modprobe tun, or start the container with --device /dev/net/tun"
        return Finding("TAP devices", "missing", f"{device}: {error.strerror}", remedy)
    return Finding("TAP devices", "ok", str(device))


def _programs() -> Finding:
    wanted = ("ip", "tc", "nft", "ethtool", "mnexec", "ping", "iperf3", "tcpdump", "sysctl", "unshare")
    lacking = [name for name in wanted if not shutil.which(name)]
    if lacking:
        return Finding("programs", "missing", f"no {', '.join(lacking)}", SETUP)
    return Finding("programs", "ok", f"{_version('ip', '-V')}, {_version('nft', '--version')}")


def _mininet() -> Finding:
    try:
        return Finding("Mininet", "ok", version("mininet"))
    except PackageNotFoundError:
        return Finding("Mininet", "missing", f"not in {sys.prefix}", SETUP)


def _patch_panel() -> Finding:
    chain = "chain netdev t c { type filter hook ingress device veth0 priority 0; }"
    rules = f"add table netdev t; add {chain}; add rule netdev t c fwd to veth1"
    why = _inside(f"{_VETH} && nft '{rules}'")
    if why:
        return Finding("patch panel", "missing", why, "the kernel needs nf_tables with nft_fwd_netdev")
    return Finding("patch panel", "ok", "nftables forwards from one veth to another")


def _rate_limits() -> Finding:
    why = _inside(f"{_VETH} && tc qdisc add dev veth0 root tbf rate 1mbit burst 2k latency 9ms")
    if why:
        return Finding(
            "rate limits", "limited", why, "cases that limit a cable's rate need the kernel's sch_tbf"
        )
    return Finding("rate limits", "ok", "tbf")


def _steering() -> Finding:
    try:
        os.close(steering.load())
    except MachineError as error:
        return Finding("BPF", "limited", str(error), "queue_id needs a kernel with bpf() for root")
    return Finding("BPF", "ok", "queue_id of slaves can be had")


def _kernel_bonding() -> Finding:
    if native.available():
        return Finding("kernel's bonding", "ok", "--driver=kernel runs on this kernel")
    why = image.missing()
    if why is None:
        return Finding("kernel's bonding", "ok", "not in this kernel; --driver=kernel runs in a guest")
    return Finding("kernel's bonding", "limited", "no module bonding", f"no --driver=kernel: {why}")


def _kernel_vlans() -> Finding:
    # Asked for without loading it: nobody here needs it.
    if Path("/sys/module/8021q").exists() or _run("modprobe", "-n", "-q", "8021q") is None:
        return Finding("VLAN devices", "ok", "the kernel's 8021q")
    return Finding("VLAN devices", "ok", "not in this kernel; bondd makes its own")


def _guests() -> Finding:
    why = image.missing()
    if why:
        return Finding("guests", "limited", why, "topologies with a guest are skipped until then")
    return Finding("guests", "ok", "User-Mode Linux")


def _open_vswitch() -> Finding:
    programs = ("ovsdb-server", "ovs-vswitchd", "ovs-vsctl", "ovs-appctl")
    places = os.pathsep.join((f"{sys.prefix}/bin", f"{sys.prefix}/sbin", os.environ.get("PATH", "")))
    lacking = [name for name in programs if not shutil.which(name, path=places)]
    if lacking:
        return Finding(
            "Open vSwitch", "limited", f"no {', '.join(lacking)}", f"{SETUP}; switches with LACP need it"
        )
    return Finding(
        "Open vSwitch", "ok", _version(str(shutil.which("ovs-vswitchd", path=places)), "--version")
    )


def _room() -> Finding:
    told = re.search(r"MemAvailable: +(\d+) kB", Path("/proc/meminfo").read_text())
    free_mb = int(told[1]) // 1024 if told else 0
    cores = len(os.sched_getaffinity(0))
    found = f"{cores} cores, {free_mb} MB free"
    if cores < 2 or free_mb < 1024:
        return Finding(
            "room", "limited", found, f"runs are slow; two cores and 1 GB are wanted, {GUEST_MB} MB a guest"
        )
    return Finding("room", "ok", found)


def _leftovers() -> Finding:
    try:
        stale = runs.stale_runs()
    except OSError as error:
        return Finding("leftovers", "limited", f"{error.filename}: {error.strerror}", "run this with sudo")
    if stale:
        return Finding("leftovers", "limited", f"{len(stale)} killed runs left files", "bondlab clean")
    return Finding("leftovers", "ok", "none")


def _inside(script: str) -> str | None:
    """Run it in a network namespace of its own; why it failed."""
    return _run("unshare", "--net", "bash", "-c", script)


def _run(*command: str) -> str | None:
    """Why the command failed, in one line; None when it did not."""
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=20)
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    if not done.returncode:
        return None
    return next(
        (line.strip() for line in reversed(done.stderr.splitlines()) if line.strip()),
        f"status {done.returncode}",
    )


def _version(*command: str) -> str:
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    return next(iter(done.stdout.splitlines()), "?").strip()
