"""ifenslave: adds interfaces to a bond, detaches them, changes the active one (HOWTO 3.3)."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from bondimpl import HOWTO_REVISION
from bondimpl.errors import BondError, MachineError
from bondimpl.runtime import interfaces
from bondimpl.runtime.control import SOCKET_VARIABLE, ControlClient, default_socket


def main(argv: Sequence[str] | None = None) -> int:
    """0 when done, 1 after an error (one line on stderr), 2 for a wrong command line."""
    parser = _parser()
    arguments = parser.parse_intermixed_args(argv)  # `ifenslave bond0 -d eth0` is as good
    if arguments.usage:
        parser.print_usage()
        return 0
    try:
        with ControlClient(arguments.socket) as control:
            if arguments.version:
                _show_versions(control)
                return 0
            _check(parser, arguments)
            _Tool(control, arguments.verbose).run(arguments)
    except BondError as error:
        print(f"ifenslave: {error}", file=sys.stderr)
        return 1
    return 0


class _Tool:
    def __init__(self, control: ControlClient, verbose: bool) -> None:
        self._control = control
        self._verbose = verbose

    def run(self, arguments: argparse.Namespace) -> None:
        if arguments.all_interfaces:
            for bond in self._control.call("list"):
                self._show(bond)
            return
        if not arguments.slaves:
            self._show(arguments.master)
            return
        self._check_order(arguments.master, arguments.slaves)
        if arguments.change_active:
            self._say(f"{arguments.master}: making {arguments.slaves[0]} the active slave")
            self._control.call("set", bond=arguments.master, option="active_slave", value=arguments.slaves[0])
        elif arguments.detach:
            self._say(f"{arguments.master}: detaching {' '.join(arguments.slaves)}")
            self._control.call("release", bond=arguments.master, slaves=arguments.slaves)
        else:
            self._enslave(arguments.master, arguments.slaves)

    def _check_order(self, master: str, slaves: Sequence[str]) -> None:
        """Raises BondError when the bond does not come first."""
        bonds = self._control.call("list")
        later = [name for name in slaves if name in bonds]
        if master not in bonds and later:
            raise BondError(f"{master} is no bond; the bond comes first: ifenslave {later[0]} {master}")

    def _enslave(self, master: str, slaves: Sequence[str]) -> None:
        self._say(f"{master}: enslaving {' '.join(slaves)}")
        done = self._control.call("enslave", bond=master, slaves=slaves, take_down=True)
        for slave in done["taken_down"]:
            self._say(f"{slave}: was up, brought down")
        # Only now: an address would be lost by a refusal.
        for slave in slaves:
            interfaces.clear_address(slave)

    def _show(self, bond: str) -> None:
        shown = self._control.call("show", bond=bond)
        slaves = " ".join(each["name"] + "*" * each["active"] for each in shown["slaves"])
        state = "up" if shown["admin_up"] else "down"
        print(f"{bond}: {shown['mode']}, {state}, {shown['mac']}, slaves: {slaves or 'none'}")

    def _say(self, line: str) -> None:
        if self._verbose:
            print(line)


def _show_versions(control: ControlClient) -> None:
    """Of the tool and of the driver; they are of one release when these are equal (HOWTO section 1.2)."""
    print(f"ifenslave: HOWTO {HOWTO_REVISION}")
    try:
        print(f"bondd: HOWTO {control.call('version')['howto']}")
    except MachineError as error:
        print(f"bondd: {error}")


def _check(parser: argparse.ArgumentParser, arguments: argparse.Namespace) -> None:
    if arguments.all_interfaces:
        if arguments.master or arguments.detach or arguments.change_active:
            parser.error("-a stands alone")
        return
    if not arguments.master:
        parser.error("which bond?")
    if arguments.change_active and len(arguments.slaves) != 1:
        parser.error("-c takes one slave")
    if arguments.detach and not arguments.slaves:
        parser.error("-d: which slaves?")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="ifenslave",
        description="Attaches interfaces to a bond. Without interfaces: shows the bond.",
        usage="ifenslave [-fv] BOND IF... | -c BOND IF | -d BOND IF... | BOND | -a | -h | -u | -V",
    )
    parser.add_argument(
        "-a", "--all-interfaces", action="store_true", help="show all bonds (active slave: *)"
    )
    what = parser.add_mutually_exclusive_group()
    what.add_argument(
        "-c", "--change-active", action="store_true", help="make the interface the active slave"
    )
    what.add_argument("-d", "--detach", action="store_true", help="detach the interfaces")
    parser.add_argument(
        "-f",
        "--force",
        action="store_true",
        help="has no effect: a bond carries Ethernet, whatever one wants",
    )
    parser.add_argument("-v", "--verbose", action="store_true", help="say what is done")
    parser.add_argument("-u", "--usage", action="store_true", help="show the usage and exit")
    parser.add_argument(
        "-V", "--version", action="store_true", help="show the versions of ifenslave and bondd, and exit"
    )
    parser.add_argument(
        "--socket",
        default=default_socket(),
        metavar="PATH",
        help=f"of bondd (default: {SOCKET_VARIABLE} in the environment, or %(default)s)",
    )
    parser.add_argument("master", nargs="?", metavar="BOND")
    parser.add_argument("slaves", nargs="*", metavar="IF")
    return parser


if __name__ == "__main__":
    sys.exit(main())
