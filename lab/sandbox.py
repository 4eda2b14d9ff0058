"""Running a command where the lab may do as it likes: network, mount and pid namespaces of its own.

    python -m lab.sandbox CMD...        runs CMD in a sandbox and ends with its status

Three processes: a supervisor outside, the first process (pid 1) inside, and CMD.

    supervisor   owns the run's directory; hands signals on; when it dies, the kernel kills pid 1
    pid 1        makes the namespaces, reaps orphans; when it dies, the kernel kills everything inside
    CMD          when it ends, pid 1 ends with its status

So nothing inside survives any of the three, not even after `kill -9`. `unshare --fork --kill-child` does
nearly this, but it is deaf to SIGTERM, and makes CMD itself pid 1, which then must reap what daemons leave
behind and, without a handler, does not hear SIGTERM either.
"""

from __future__ import annotations

import ctypes
import os
import select
import shlex
import signal
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import NoReturn

from lab import runs
from lab.errors import LabBroken
from lab.interfaces import Interfaces
from lab.netns import network_of
from lab.sysctl import BRIDGES_UNFILTERED, set_sysctls

RUN_VARIABLE = "BONDLAB_SANDBOX"
OUTER_VARIABLE = "BONDLAB_SANDBOX_OUTER"

CLONE_NEWNS, CLONE_NEWPID, CLONE_NEWNET = 0x00020000, 0x20000000, 0x40000000
MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REC, MS_PRIVATE = 2, 4, 8, 1 << 14, 1 << 18
PR_SET_PDEATHSIG = 1
SI_KERNEL = 0x80  # si_code of a signal that the terminal sent
HANDED_ON = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2}
TERM_GRACE_S = 10.0

_libc = ctypes.CDLL(None, use_errno=True)


def inside() -> bool:
    """Whether this process is in a sandbox: the environment says so, and the network namespace is another."""
    outer = os.environ.get(OUTER_VARIABLE)
    return bool(os.environ.get(RUN_VARIABLE)) and outer is not None and outer != network_of(os.getpid())


def exec_inside(argv: Sequence[str]) -> NoReturn:
    """Become the supervisor of `argv` running in a new sandbox; ends with its status (128 + N for signal N).

    Runs that died earlier are cleaned up first. Call it from the main thread.
    Raises LabBroken when the machine does not let us (no root).
    """
    for line in runs.clean_stale():
        print(f"sandbox: cleaned up after {line}", file=sys.stderr)
    ours = runs.Run.create()
    try:
        environment = {**os.environ, RUN_VARIABLE: ours.run_id, OUTER_VARIABLE: network_of(os.getpid())}
        status = _supervise(argv, environment)
    finally:
        try:
            ours.close()
        except OSError as error:
            print(f"sandbox: could not remove {ours.directory}: {error}", file=sys.stderr)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)  # not sys.exit: what called us must not go on, not even in a handler


def prepare() -> None:
    """Make fresh namespaces usable: /proc, /sys and /run/netns of their own, `lo` up. Raises LabBroken."""
    _mount("none", "/", "", MS_REC | MS_PRIVATE)
    _mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC)
    _mount("sysfs", "/sys", "sysfs", MS_NOSUID | MS_NODEV | MS_NOEXEC)
    Path("/run/netns").mkdir(parents=True, exist_ok=True)
    _mount("tmpfs", "/run/netns", "tmpfs", MS_NOSUID | MS_NODEV)
    interfaces = Interfaces(os.getpid())
    interfaces.set_up("lo", True)
    interfaces.close()
    set_sysctls(BRIDGES_UNFILTERED)


def python_inside() -> str:
    """The command, in shell words, that is this Python interpreter in a sandbox of its own.

    For pytest-xdist: as `python` of an execution environment it gives every worker a sandbox.
    """
    return shlex.join([sys.executable, "-m", "lab.sandbox", sys.executable])


def _supervise(argv: Sequence[str], environment: dict[str, str]) -> int:
    old_mask = signal.pthread_sigmask(signal.SIG_BLOCK, HANDED_ON | {signal.SIGCHLD})
    _check(_libc.unshare(CLONE_NEWPID), "unshare(CLONE_NEWPID)")
    alive_read, alive_write = os.pipe()
    sys.stdout.flush()
    sys.stderr.flush()
    first = os.fork()
    if not first:
        os.close(alive_write)
        _in_child(lambda: _first_process(argv, environment, old_mask, alive_read))
    os.close(alive_read)
    status = _shepherd(first, grace_s=TERM_GRACE_S)
    os.close(alive_write)
    return status


def _first_process(
    argv: Sequence[str],
    environment: dict[str, str],
    old_mask: Iterable[int],
    alive: int,
) -> int:
    _check(_libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL), "prctl(PR_SET_PDEATHSIG)")
    if select.select([alive], [], [], 0)[0]:  # end of file: the supervisor died before the line above
        return 1
    _check(_libc.unshare(CLONE_NEWNS | CLONE_NEWNET), "unshare(CLONE_NEWNS | CLONE_NEWNET)")
    prepare()
    command = os.fork()
    if not command:
        _in_child(lambda: _command(argv, environment, old_mask))
    return _shepherd(command)


def _command(argv: Sequence[str], environment: dict[str, str], old_mask: Iterable[int]) -> int:
    for ignored in (signal.SIGPIPE, signal.SIGXFSZ):  # by Python; exec would hand that on
        signal.signal(ignored, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, old_mask)
    try:
        os.execvpe(argv[0], list(argv), environment)
    except OSError as error:
        print(f"sandbox: {argv[0]}: {error.strerror}", file=sys.stderr)
        return 127


def _shepherd(child: int, grace_s: float = 0.0) -> int:
    """Hand signals on to `child` and reap whatever ends, until it ends; its status as a shell would tell it.

    With `grace_s` seconds, SIGKILL follows SIGTERM when that did not end it.
    """
    kill_at: float | None = None
    while True:
        wait_s = 3600.0 if kill_at is None else max(0.0, kill_at - time.monotonic())
        caught = signal.sigtimedwait(HANDED_ON | {signal.SIGCHLD}, wait_s)
        if caught is None:
            if kill_at is not None:
                os.kill(child, signal.SIGKILL)
                kill_at = None
        elif caught.si_signo == signal.SIGCHLD:
            status = _reap(child)
            if status is not None:
                return status
        elif caught.si_code != SI_KERNEL:  # what the terminal sends, it sends to the child as well
            os.kill(child, caught.si_signo)
            if caught.si_signo == signal.SIGTERM and grace_s:
                kill_at = time.monotonic() + grace_s


def _reap(child: int) -> int | None:
    status = None
    while True:
        try:
            pid, code = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return status
        if not pid:
            return status
        if pid == child:
            exit_code = os.waitstatus_to_exitcode(code)
            status = exit_code if exit_code >= 0 else 128 - exit_code


def _in_child(body: Callable[[], int]) -> NoReturn:
    """The life of a forked process. Nothing of the parent's stack may run in it: no handler, no finally."""
    status = 125
    try:
        status = body()
    except BaseException as error:
        print(f"sandbox: {error}", file=sys.stderr)
    finally:
        sys.stderr.flush()
        os._exit(status)


def _mount(source: str, target: str, kind: str, flags: int) -> None:
    _check(
        _libc.mount(source.encode(), target.encode(), kind.encode(), flags, None),
        f"mounting {kind} on {target}",
    )


def _check(result: int, what: str) -> None:
    if result:
        reason = os.strerror(ctypes.get_errno())
        raise LabBroken(f"{what}: {reason}: the lab needs root and namespaces (a container: --privileged)")


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit("usage: python -m lab.sandbox CMD [ARG...]")
    try:
        exec_inside(sys.argv[1:])
    except LabBroken as broken:
        sys.exit(f"sandbox: {broken}")
