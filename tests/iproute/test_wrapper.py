"""contrib/ip as a program: network namespaces, batches, everything that is none of its business."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from lab import sandbox

pytestmark = pytest.mark.root

ROOT = Path(__file__).parents[2]
CONTRIB = ROOT / "contrib"
# /run is the test's own: `ip netns` keeps the names of namespaces there.
PREPARE = f"""set -e
mount -t tmpfs tmpfs /run
PATH={CONTRIB}:{Path(sys.executable).parent}:$PATH
ip netns add h1
ip netns exec h1 bondd --era 6.x 2>/run/said &
trap "kill $!; wait" EXIT
until grep -q listening /run/said; do sleep 0.01; done
"""


def _sh(script: str, prepare: str = PREPARE) -> subprocess.CompletedProcess[str]:
    if not sandbox.inside():
        pytest.skip("needs a sandbox: python -m lab.sandbox python -m pytest tests/iproute")
    argv = ["unshare", "--mount", "sh", "-c", prepare + script]
    return subprocess.run(argv, capture_output=True, text=True, check=False, timeout=60)


def test_named_namespaces_have_a_bondd_each() -> None:
    done = _sh("""
        ip -n h1 link add bond7 up type bond mode 1
        ip -netns h1 -br link show type bond
        ip netns exec h1 ip -d link show type bond | grep -o 'bond mode [a-z-]*'
        ip netns exec h1 bondctl list
        ip link show bond7 || echo "not here: $?"
        ip -n h1 link set bond7 name other || echo "refused: $?"
        ip -n h1 link del bond7
        ip -n h1 link show type bond
    """)
    lines = [line.split()[0] for line in done.stdout.splitlines()]
    assert (done.returncode, lines) == (0, ["bond7", "bond", "bond7", "not", "refused:"])
    assert "bond mode active-backup\n" in done.stdout
    assert "not here: 1\nrefused: 2\n" in done.stdout


def test_a_bondd_of_another_namespace_is_not_asked() -> None:
    """Its socket can be seen from here, and lies where one of this namespace would be."""
    done = _sh("""
        set +e
        ip netns add h2
        ln -s h1.sock /run/bondimpl/h2.sock
        ip -n h2 link add bond7 type bond
        BONDD_SOCKET=/run/bondimpl/h1.sock ip link add bond8 type bond
        ip netns exec h1 bondctl list
        echo done
    """)
    assert (done.returncode, done.stdout) == (0, "done\n")


def test_batches() -> None:
    done = _sh("""
        printf '%s\\n' '# two' 'link add bond1 type bond mode 2' 'link set bond1 up' \
            'link add bond1 type bond' 'link del bond1' >/run/batch
        ip -n h1 -batch /run/batch || echo "stopped: $?"
        ip -n h1 -br link show type bond
        ip -n h1 -force -batch - </run/batch || echo "failed: $?"
        ip -n h1 -br link show type bond
    """)
    assert [line.split()[0] for line in done.stdout.splitlines()] == ["stopped:", "bond1", "failed:"]
    assert "stopped: 1\n" in done.stdout
    assert "Command failed /run/batch:4\n" in done.stderr


def test_other_requests_are_the_real_programs() -> None:
    """Steps: things that are no bond's, with and without contrib/ip. Verify: the same text and status."""
    real = PREPARE.replace(f"PATH={CONTRIB}:", "PATH=")
    script = """
        set +e
        export LC_ALL=C
        ip -n h1 link set lo up
        for words in 'link show dev lo' '-d -j addr show lo' 'route' '-br addr' 'link set nosuch up' \
            'nosuch' 'link add x type nosuch' '-V' 'link help' 'rule show' 'netns list' \
            'link set lo mtu 10 bogus'
        do ip -n h1 $words; echo "$words: $?"; done 2>&1
    """
    ours, theirs = _sh(script), _sh(script, real)
    assert ours.stdout == theirs.stdout
    assert "link set nosuch up: 1" in ours.stdout


def test_without_a_bondd_the_kernel_is_asked() -> None:
    """The kernel makes the bond, or says that it cannot."""
    prepare = f"set -e\nmount -t tmpfs tmpfs /run\nPATH={CONTRIB}:$PATH\nexport BONDD_SOCKET=/run/none\n"
    script = "set +e; ip -br link show lo; ip link add nosuchbond type bond mode; echo $?"
    done = _sh(script, prepare)
    assert done.stdout.startswith("lo ")
    assert done.stdout.endswith("255\n")


def test_no_other_ip_is_an_error() -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(ROOT), str(CONTRIB / "ip")],
        env={"PATH": str(CONTRIB)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (
        255,
        "ip: there is no other program 'ip' in PATH: install iproute2\n",
    )


SCRIPT = """
import sys
sys.path.insert(0, sys.argv[1])
from bondimpl.iproute import main, real
real._USUAL = ()
sys.exit(main.main(["link"], sys.argv[2]))
"""
