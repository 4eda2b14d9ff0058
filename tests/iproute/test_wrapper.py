"""contrib/ip as a program: network namespaces, batches, everything that is none of its business."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from bondimpl.errors import BondError
from bondimpl.iproute import main
from bondimpl.iproute.command_line import parse
from bondimpl.iproute.errors import Refused
from lab import sandbox

pytestmark = pytest.mark.root

ROOT = Path(__file__).parents[2]
CONTRIB = ROOT / "contrib"
# /run is the test's own: `ip netns` keeps the names of namespaces there.
PREPARE = f"""set -e
mount -t tmpfs tmpfs /run
PATH={CONTRIB}:{Path(sys.executable).parent}:$PATH
ip netns add h1
: >/run/said
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


def test_colours_do_not_hide_bonds() -> None:
    done = _sh("""
        ip -n h1 link add bond7 type bond mode 1
        cd /run
        ip -n h1 link show bond7 >plain && ip -c -n h1 link show bond7 >coloured && cmp plain coloured
        ip -color=always -n h1 -br link show type bond
        ip -n h1 -c=always route add local 127.0.0.7 dev lo; ip -n h1 -c=always route show table local
    """)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("bond7 "), "in plain text"
    assert "\033[" in done.stdout, "what is none of bondd's business is coloured"


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


def test_a_bond_that_cannot_have_its_master_is_not_made() -> None:
    done = _sh("""
        ip -n h1 link add bond0 type bond mode 1
        ip -n h1 link add bond1 master bond0 type bond mode 1 || echo "refused: $?"
        ip netns exec h1 bondctl list
    """)
    assert done.stdout == "refused: 2\nbond0\n"
    assert "Traceback" not in done.stderr


def test_names_that_are_no_text() -> None:
    done = _sh(r"""
        ip netns exec h1 ip link add bond7 type bond mode 1
        ip -n h1 link add v0 type veth peer name v1
        printf 'link set v0 alias caf\351\nlink show dev bond7\n' >/run/batch
        ip -n h1 -batch /run/batch
        ip -n h1 link show | LC_ALL=C grep -c "$(printf 'alias caf\351')"
    """)
    assert (done.returncode, done.stderr) == (0, "")
    assert "bond7: <" in done.stdout
    assert done.stdout.endswith("\n1\n")


def test_an_open_quote_ends_a_batch() -> None:
    done = _sh("""
        printf '%s\\n' 'link add bond7 type bond' 'link set bond7 alias "b' 'link del bond7' >/run/batch
        ip -n h1 -force -batch /run/batch || echo "ended: $?"
        ip netns exec h1 bondctl list
    """)
    assert (done.stdout, done.stderr) == (
        "ended: 1\nbond7\n",
        "Unterminated quoted string: /run/batch:2\n",
    )


def test_a_bond_that_goes_while_bonds_are_looked_at_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    class Control:
        """Carries bond0; bond1 has gone since it was listed; bond2 is in trouble where `broken`."""

        broken = False

        def __init__(self, _socket: str) -> None: ...

        def __enter__(self) -> Control:
            return self

        def __exit__(self, *_: object) -> None: ...

        def call(self, command: str, bond: str = "") -> Any:
            if command == "list":
                return ["bond0", "bond1", "bond2"]
            if bond == "bond1":
                raise BondError("bond1: there is no such bond", "ENODEV")
            if bond == "bond2" and self.broken:
                raise BondError("bond2: in trouble", "EIO")
            return {"slaves": []}

    seen: list[Any] = []
    monkeypatch.setattr(main, "ControlClient", Control)
    monkeypatch.setattr(main, "is_of", lambda *_: True)
    monkeypatch.setattr(main, "show", lambda _line, _real, bonds: seen.extend(bonds))
    line = parse(["link", "show"])
    main.attempt("ip", line)
    assert seen == ["bond0", "bond2"]
    Control.broken = True
    with pytest.raises(Refused, match="bond2: in trouble"):
        main.attempt("ip", line)


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
