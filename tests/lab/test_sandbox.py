"""The sandbox: what it is like inside, and that nothing survives it."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab import sandbox
from lab.waiting import eventually

pytestmark = pytest.mark.root

RUN = (sys.executable, "-m", "lab.sandbox")
# A command that starts a daemon and another namespace, says that all is there, and would stay for ever.
STAY = "trap '' TERM; setsid sleep 1000 & unshare -n sleep 1000 & ip netns add x; echo ready; sleep 1000"
END_S = 5.0


@pytest.fixture(autouse=True)
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    if os.geteuid():
        pytest.skip("needs root")
    monkeypatch.setenv("BONDLAB_RUN_DIR", str(tmp_path))
    return tmp_path


def sandboxed(*argv: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*RUN, *argv], capture_output=True, text=True, timeout=30)


def descendants(pid: int) -> list[int]:
    """All processes below `pid`, as seen from here."""
    below = []
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        below += [int(child), *descendants(int(child))]
    return below


def namespace_of(pid: int) -> str:
    return os.readlink(f"/proc/{pid}/ns/net")


def held(networks: set[str]) -> set[str]:
    """Those of the network namespaces which a process is in."""
    found = set()
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                found.add(namespace_of(int(entry)))
            except OSError:
                continue
    return found & networks


@pytest.fixture
def busy() -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen([*RUN, "sh", "-c", STAY], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


def test_inside_is_fresh() -> None:
    ask = "; ".join(
        (
            "import os, pathlib",
            "from lab import sandbox",
            "print(sandbox.inside(), sorted(os.listdir('/sys/class/net')), os.listdir('/run/netns'))",
            "print(pathlib.Path('/sys/class/net/lo/flags').read_text().strip(), os.getpid() < 10)",
        )
    )
    done = sandboxed(sys.executable, "-c", ask)
    assert done.stdout.splitlines() == ["True ['lo'] []", "0x9 True"], done.stderr


def test_the_variables_alone_do_not_make_a_sandbox(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(sandbox.RUN_VARIABLE, "x")
    monkeypatch.setenv(sandbox.OUTER_VARIABLE, namespace_of(os.getpid()))
    assert not sandbox.inside()
    monkeypatch.delenv(sandbox.OUTER_VARIABLE)
    assert not sandbox.inside()


@pytest.mark.parametrize(
    ("script", "status"), [("exit 7", 7), ("kill -9 $$", 137), ("kill -TERM $$", 143), ("true", 0)]
)
def test_its_status_is_that_of_the_command(script: str, status: int, runs: Path) -> None:
    assert sandboxed("sh", "-c", script).returncode == status
    assert [path.name for path in runs.iterdir()] == [".lock"]


def test_a_command_that_does_not_exist() -> None:
    done = sandboxed("no-such-command")
    assert done.returncode == 127
    assert "no-such-command: No such file" in done.stderr


def test_orphans_are_reaped() -> None:
    done = sandboxed("sh", "-c", "(sleep 0.01 & ) ; sleep 0.1; ps ax -o stat=,comm= | grep -c '^Z' || true")
    assert done.stdout.strip() == "0"


@pytest.mark.parametrize("victim", ["supervisor", "first process", "command"])
def test_nothing_survives_a_kill(busy: subprocess.Popen[str], victim: str) -> None:
    def networks_below() -> set[str]:
        return {namespace_of(pid) for pid in descendants(busy.pid)} - {namespace_of(os.getpid())}

    networks = eventually(networks_below, until=lambda found: len(found) >= 2, within=END_S)
    everyone = [busy.pid, *descendants(busy.pid)]
    assert len(everyone) >= 5
    first, command = everyone[1:3]
    os.kill({"supervisor": busy.pid, "first process": first, "command": command}[victim], signal.SIGKILL)
    busy.wait(END_S)
    eventually(
        lambda: held(networks), until=lambda left: not left, within=END_S, what="namespaces of the sandbox"
    )
    eventually(lambda: [pid for pid in everyone[1:] if alive(pid)], until=lambda left: not left, within=END_S)


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signals_reach_the_command(signum: signal.Signals) -> None:
    script = "import signal, sys\nfor s in (1, 2, 15): signal.signal(s, lambda n, f: sys.exit(40 + n))\n"
    script += "print('ready', flush=True)\nsignal.pause()"
    process = subprocess.Popen([*RUN, sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    process.send_signal(signum)
    process.communicate(timeout=END_S)
    assert process.returncode == 40 + signum


def test_sigterm_ends_even_a_deaf_command() -> None:
    hasty = (
        f"from lab import sandbox; sandbox.TERM_GRACE_S = 0.2; sandbox.exec_inside(['sh', '-c', {STAY!r}])"
    )
    process = subprocess.Popen([sys.executable, "-c", hasty], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    everyone = descendants(process.pid)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=END_S)
    assert process.returncode == 137
    assert not [pid for pid in everyone if alive(pid)]


def test_sandboxes_nest() -> None:
    done = sandboxed(*RUN, sys.executable, "-c", "from lab import sandbox; print(sandbox.inside())")
    assert done.stdout.strip() == "True", done.stderr


def test_an_interpreter_in_a_sandbox_takes_no_file() -> None:
    python = shlex.split(sandbox.python_inside())
    script = "import sys; from lab import sandbox; print(sandbox.inside(), sys.argv[1], sys.stdin.read())"
    done = subprocess.run(
        [*python, "-c", script, "a b"], input="in", capture_output=True, text=True, timeout=30
    )
    assert done.stdout == "True a b in\n", done.stderr


def test_a_killed_run_is_cleaned_by_the_next(busy: subprocess.Popen[str], runs: Path) -> None:
    (run,) = (path for path in runs.iterdir() if path.is_dir())
    (run / "bed").mkdir()
    assert "cleaned up" not in sandboxed("true").stderr
    busy.kill()
    busy.wait()
    # The processes it forked hold its lock for a moment longer.
    eventually(lambda: f"cleaned up after run {run.name}" in sandboxed("true").stderr, within=END_S)
    assert not run.exists()
