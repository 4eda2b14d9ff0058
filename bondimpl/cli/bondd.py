"""bondd: the daemon that carries the bonds."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from bondimpl.era import ERAS, era
from bondimpl.errors import BondError
from bondimpl.runtime.control import SOCKET_VARIABLE, default_socket


def main(argv: Sequence[str] | None = None) -> int:
    """Run bondd; 0 after a signal ended it, 1 after an error, 2 for a wrong command line."""
    arguments = _parser().parse_args(argv)
    # After the command line: `bondd --help` needs none of it.
    from bondimpl.runtime.daemon import Settings, serve

    path = Path(arguments.socket).absolute()
    try:
        serve(Settings(path, era(arguments.era), arguments.fault_shim, arguments.verbose))
    except BondError as error:
        print(f"bondd: {error}", file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="bondd",
        description="Carries Ethernet bonds in user space; bondctl makes and changes them.",
    )
    parser.add_argument(
        "--socket",
        default=default_socket(),
        metavar="PATH",
        help=f"control socket (default: {SOCKET_VARIABLE} in the environment, or %(default)s)",
    )
    parser.add_argument(
        "--era", choices=list(ERAS), default="howto", help="driver to behave as (default: %(default)s)"
    )
    parser.add_argument(
        "--fault-shim", action="store_true", help="let tests make the drivers of slaves lie (bondctl probe)"
    )
    parser.add_argument(
        "--foreground", action="store_true", help="stay in the foreground, as bondd always does"
    )
    parser.add_argument("--verbose", action="store_true", help="show the log lines of all bonds on stderr")
    return parser


if __name__ == "__main__":
    sys.exit(main())
