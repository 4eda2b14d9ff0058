"""contrib/vagrant-private.sh: all that it has started ends with it, however it ends."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import pytest

from tests.vagrant.told import ROOT

pytestmark = pytest.mark.root

PROGRAMS = ("libvirtd", "virsh", "dnsmasq", "iptables", "qemu-system-x86_64", "vagrant")
# The places that it writes to are this test's.
ROOM = r"""
set -e
cp -a /etc "$work/etc"
mount --bind "$work/etc" /etc
for place in /run /var/lib /var/cache /var/log; do mount -t tmpfs tmpfs "$place"; done
mkdir -p /run/lock
"$script" true
"$script" sh -c 'echo running; sleep 1000' &
printf '%s\n' "$!"
wait "$!" || true
ls "$TMPDIR"
"$script" echo again
ls -A "$TMPDIR" /var/lib
"""


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_a_signal_ends_the_command_and_the_next_run_cleans_up(how: signal.Signals, tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "tmp").mkdir()
    for name in PROGRAMS:
        (tmp_path / "bin" / name).write_text("#!/bin/sh\n")
        (tmp_path / "bin" / name).chmod(0o755)
    environment = {
        **os.environ,
        "PATH": f"{tmp_path}/bin:{os.environ['PATH']}",
        "TMPDIR": str(tmp_path / "tmp"),
        "work": str(tmp_path),
        "script": str(ROOT / "contrib/vagrant-private.sh"),
    }
    with subprocess.Popen(
        ["unshare", "--mount", "bash", "-c", ROOM],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as room:
        assert room.stdout
        try:
            told = {room.stdout.readline(), room.stdout.readline()}
            (pid,) = told - {"running\n"}
            os.kill(int(pid), how)
            # The end of the output is that of the last process that could write to it.
            rest, _ = room.communicate(timeout=60)
        except BaseException:
            os.killpg(room.pid, signal.SIGKILL)
            raise
    *_, left, again, over = rest.partition("again\n")
    assert left.count("bondlab-vagrant.") == 1
    assert again
    assert over.split() == [f"{tmp_path}/tmp:", "/var/lib:"]
