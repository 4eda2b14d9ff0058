"""bondfs: the sysfs and /proc files of the bonds that bondd carries."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from bondimpl.errors import MachineError
from bondimpl.runtime.control import SOCKET_VARIABLE, ControlClient, default_socket
from lab.bondfs.beneath import Beneath
from lab.bondfs.place import Place, PlaceRefused, detach, detach_dead
from lab.bondfs.tree import Tree

_ENDING = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


def main(argv: Sequence[str] | None = None) -> int:
    """Run bondfs; 0 when a signal or unmounting ended it, 1 after an error, 2 for a wrong command line."""
    arguments = _parser().parse_args(argv)
    mount_point = Path(arguments.mount_point).absolute()
    try:
        # After the command line: `bondfs --help` needs no library.
        from lab.bondfs.mount import MountFailed
    except ImportError as error:
        return _complain(error)
    try:
        return _run(mount_point, arguments.socket, arguments.here)
    except (OSError, PlaceRefused, MountFailed) as error:
        return _complain(error)


def _run(mount_point: Path, socket: str, here: bool) -> int:
    from lab.bondfs.mount import serve

    def control(command: str, **fields: Any) -> Any:
        # A connection each: bondd may have been started anew.
        with ControlClient(socket) as client:
            return client.call(command, **fields)

    _check_namespace(control, socket)
    detach_dead(mount_point)
    if not mount_point.is_dir():
        raise NotADirectoryError(f"cannot mount at {mount_point}: it is not a directory")
    failed: list[Exception] = []
    with _held() as let_come, ExitStack() as undo:
        place = None
        if here:
            place = Place(mount_point, Path(undo.enter_context(tempfile.TemporaryDirectory())) / "net")
            place.prepare()
            undo.callback(place.leave)

        def settle() -> None:
            try:
                if place:
                    place.take()
                print(f"bondfs: mounted at {mount_point}", file=sys.stderr, flush=True)
            except OSError as error:
                failed.append(error)
                detach(mount_point)  # which ends the serving

        # In a thread: what it mounts is looked up in the tree, which this one serves.
        settling = threading.Thread(target=settle)

        def mounted() -> None:
            let_come()
            settling.start()
            undo.callback(settling.join)  # what it mounts would outlive us

        told_to_end = serve(Tree(control, Beneath()), mount_point, mounted)
    return _complain(failed[0]) if failed and not told_to_end else 0


@contextmanager
def _held() -> Iterator[Callable[[], None]]:
    """Signals to end wait until the function is called: libfuse takes them only after it has mounted."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _ENDING)

    def let_come() -> None:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)

    try:
        yield let_come
    finally:
        let_come()


def _check_namespace(control: Callable[[str], Any], socket: str) -> None:
    """Raises PlaceRefused when the bonds are elsewhere: the tree would mix them with the interfaces here."""
    try:
        netns = control("version")["netns"]
    except MachineError:  # there may be one later
        return
    if netns != os.stat("/proc/self/ns/net").st_ino:
        raise PlaceRefused(f"the bonds of {socket} are in another network namespace: start bondfs there")


def _complain(error: Exception) -> int:
    print(f"bondfs: {error}", file=sys.stderr)
    return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="bondfs",
        description="Shows the bonds of bondd as the files that the driver has in sysfs and /proc.",
    )
    parser.add_argument("mount_point", metavar="MOUNTPOINT", help="a directory; the tree is mounted there")
    parser.add_argument(
        "--socket",
        default=default_socket(),
        metavar="PATH",
        help=f"control socket of bondd (default: {SOCKET_VARIABLE} in the environment, or %(default)s)",
    )
    parser.add_argument(
        "--here",
        action="store_true",
        help="also over /sys/class/net and /proc/net, in this mount namespace (never the machine's)",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
