"""The Host protocol: what a case may ask of a machine, whether namespace, guest or metal."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Completed:
    """A finished command."""

    argv: tuple[str, ...]
    returncode: int
    stdout: str
    stderr: str


class Process(Protocol):
    """A command running in the background on a host."""

    pid: int

    def poll(self) -> int | None:
        """Exit code, or None while it runs."""

    def stop(self, within_s: float = 5.0) -> int:
        """SIGTERM, then SIGKILL after `within_s` seconds; the exit code."""

    def output(self) -> str:
        """What it has printed so far (stdout and stderr together)."""


class Host(Protocol):
    """A machine of the testbed."""

    name: str
    nics: tuple[str, ...]
    own_kernel: bool
    """Whether nobody else shares its kernel: modules may be loaded and removed."""

    def run(
        self, argv: Sequence[str], *, check: bool = True, timeout_s: float = 30.0, text_in: str | None = None
    ) -> Completed:
        """Run a command to its end. Raises LabError when `check` and it failed, or when time ran out."""

    def start(self, argv: Sequence[str]) -> Process:
        """Start a command in the background; it ends with the testbed at the latest."""

    def read(self, path: str) -> str:
        """Text of a file as the host sees it, of /proc and /sys too. Raises LabError."""

    def put(self, local: Path, remote: str) -> None:
        """Copy a file to the host."""

    def get(self, remote: str, local: Path) -> None:
        """Copy a file from the host."""

    def packet_socket(self, interface: str, protocol: int = 3) -> socket.socket:
        """A bound, non-blocking AF_PACKET socket on one of its interfaces (protocol 3 is ETH_P_ALL)."""

    def mac(self, interface: str) -> str:
        """Present hardware address of an interface, aa:bb:cc:dd:ee:ff."""
