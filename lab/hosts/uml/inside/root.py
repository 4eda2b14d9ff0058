"""The guest's file system: the machine's own, read-only, under a tmpfs that takes what the guest writes."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from lab.hosts.uml.inside.syscalls import mount, pivot_root

MODULES = "/usr/lib/uml/modules"  # as Debian's package has them
DRIVERS = ("tun", "veth", "8021q", "bridge", "sch_ingress", "cls_matchall", "act_mirred")


def assemble() -> None:
    """Replace the root, which is the machine's, by one that may be written. Raises OSError."""
    os.environ["PATH"] = "/usr/sbin:/usr/bin:/sbin:/bin"
    mount("proc", "/proc", "proc")
    mount("tmpfs", "/run", "tmpfs")
    _link_modules("/run/early")
    _run("modprobe", "-d", "/run/early", "overlay")
    for name in ("written", "work", "root"):
        Path("/run", name).mkdir()
    mount("overlay", "/run/root", "overlay", 0, "lowerdir=/,upperdir=/run/written,workdir=/run/work")
    pivot_root("/run/root")
    mount("proc", "/proc", "proc")
    mount("devtmpfs", "/dev", "devtmpfs")
    Path("/dev/fd").symlink_to("/proc/self/fd")
    for directory, kind in (("/dev/pts", "devpts"), ("/dev/shm", "tmpfs"), ("/run", "tmpfs")):
        Path(directory).mkdir(exist_ok=True)
        mount(kind, directory, kind)


def load_drivers() -> None:
    """Load what plugs NICs in. Raises OSError. Anything else the kernel finds when it is asked for."""
    _link_modules("")
    _run("modprobe", "-a", *DRIVERS)


def _link_modules(root: str) -> None:
    release = os.uname().release
    parent = Path(f"{root}/lib/modules")
    parent.mkdir(parents=True, exist_ok=True)
    (parent / release).symlink_to(Path(MODULES, release))


def _run(*argv: str) -> None:
    done = subprocess.run(argv, capture_output=True, text=True)
    if done.returncode:
        raise OSError(f"{' '.join(argv)}: {done.stderr.strip()}")
