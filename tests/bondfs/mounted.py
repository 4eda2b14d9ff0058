"""A running bondfs."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

from tests.runtime.lab import PATIENCE_S, eventually


class Bondfs:
    """Started with a mount point, which is there; `root` is it, `net` its sys/class/net."""

    def __init__(self, root: Path, socket: str, *options: str) -> None:
        self.root, self.net = root, root / "sys/class/net"
        self._said = root.with_suffix(".log")
        with self._said.open("w") as said:
            command = [sys.executable, "-m", "lab.bondfs.main", str(root), "--socket", socket, *options]
            self.process = subprocess.Popen(command, stderr=said)
        eventually(lambda: "mounted at" in self.said() or self.process.poll() is not None)
        assert self.process.poll() is None, self.said()

    def said(self) -> str:
        """Its stderr so far."""
        return self._said.read_text()

    def bonding(self, name: str, bond: str = "bond0") -> Path:
        """A file of `bonding/`."""
        return self.net / bond / "bonding" / name

    def stop(self, how: int = signal.SIGTERM) -> int:
        """Its exit status. Harmless twice."""
        if self.process.poll() is None:
            self.process.send_signal(how)
        return self.ended()

    def ended(self) -> int:
        """Its exit status, once it has ended by itself."""
        return self.process.wait(timeout=PATIENCE_S)


def is_mounted(path: Path) -> bool:
    """Whether something is mounted there."""
    return f" {path} " in Path("/proc/self/mountinfo").read_text()
