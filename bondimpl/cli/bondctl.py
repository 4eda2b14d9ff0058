"""bondctl: makes, changes and shows the bonds of a running bondd."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from typing import Any

from bondimpl.cli.config_parser import add_commands
from bondimpl.config.faults import ConfigError
from bondimpl.errors import BondError
from bondimpl.runtime.control import SOCKET_VARIABLE, ControlClient, default_socket

# The option table is imported only where it is shown: without it bondctl starts in half the time.

Arguments = argparse.Namespace


def main(argv: Sequence[str] | None = None) -> int:
    """0 when done, 1 after an error (one line on stderr), 2 for a wrong command line."""
    arguments = _parser().parse_args(argv)
    try:
        with ControlClient(arguments.socket) as control:
            arguments.run(control, arguments)
    except ConfigError as error:
        print(error, file=sys.stderr)
        return 1
    except BondError as error:
        print(f"bondctl: {error}", file=sys.stderr)
        return 1
    except BrokenPipeError:
        # Whoever read our output has seen enough; Python must not complain about it at exit.
        sys.stderr.close()
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def _add(control: ControlClient, arguments: Arguments) -> None:
    control.call("add", bond=arguments.bond, options=_pairs(arguments.options))


def _delete(control: ControlClient, arguments: Arguments) -> None:
    control.call("delete", bond=arguments.bond, if_down=not arguments.force)


def _list(control: ControlClient, _arguments: Arguments) -> None:
    for name in control.call("list"):
        print(name)


def _set(control: ControlClient, arguments: Arguments) -> None:
    slave = {"slave": arguments.slave} if arguments.slave else {}
    control.call("set", bond=arguments.bond, options=_pairs(arguments.options), **slave)


def _enslave(control: ControlClient, arguments: Arguments) -> None:
    control.call("enslave", bond=arguments.bond, slaves=arguments.slaves)


def _release(control: ControlClient, arguments: Arguments) -> None:
    control.call("release", bond=arguments.bond, slaves=arguments.slaves)


def _vlan_add(control: ControlClient, arguments: Arguments) -> None:
    name = {"name": arguments.name} if arguments.name else {}
    control.call("vlan_add", bond=arguments.bond, id=arguments.id, **name)


def _vlan_delete(control: ControlClient, arguments: Arguments) -> None:
    control.call("vlan_delete", bond=arguments.bond, id=arguments.id)


def _up(control: ControlClient, arguments: Arguments) -> None:
    control.call("up", bond=arguments.bond)


def _down(control: ControlClient, arguments: Arguments) -> None:
    control.call("down", bond=arguments.bond)


def _log(control: ControlClient, arguments: Arguments) -> None:
    for line in control.call("log", bond=arguments.bond):
        print(line)


def _show(control: ControlClient, arguments: Arguments) -> None:
    shown = control.call("show", bond=arguments.bond)
    if arguments.json:
        print(json.dumps(shown, indent=2))
        return
    _print_state(shown)
    print("  options")
    for option, value in shown["options"].items():
        print(f"    {option} {value}")


def _lacp_show(control: ControlClient, arguments: Arguments) -> None:
    from bondimpl.cli.lacp_show import lacp_text

    names = [arguments.bond] if arguments.bond else control.call("list")
    shown = [control.call("show", bond=name) for name in names]
    if arguments.bond and "lacp" not in shown[0]:
        raise BondError(f"{arguments.bond}: mode {shown[0]['mode']} has no LACP")
    texts = [lacp_text(bond) for bond in shown if "lacp" in bond]
    print("\n".join(texts) if texts else "no bond in mode 802.3ad\n", end="")


def _status(control: ControlClient, arguments: Arguments) -> None:
    if arguments.proc:
        unprivileged = {"unprivileged": True} if arguments.unprivileged else {}
        print(control.call("proc", bond=arguments.bond, **unprivileged), end="")
    elif arguments.json:
        print(json.dumps(control.call("show", bond=arguments.bond), indent=2))
    else:
        _print_state(control.call("show", bond=arguments.bond))


def _print_state(shown: dict[str, Any]) -> None:
    state = "up" if shown["admin_up"] else "down"
    carrier = "carrier" if shown["carrier"] else "no carrier"
    print(f"{shown['name']}: {shown['mode']}, {state}, {carrier}, {shown['mac']}, MTU {shown['mtu']}")
    for slave in shown["slaves"]:
        if "lacp" in slave:
            number = slave["lacp"]["aggregator"]
            where = "in no aggregator" if number is None else f"in aggregator {number}"
            role = f" {slave['lacp']['mux']} {where}"
        else:
            role = " active" if slave["active"] else ""
        moved = shown["counters"].get(slave["name"], {})
        print(
            f"  {slave['name']}: link {slave['mii_status']}{role}, failures {slave['failures']}, "
            f"sent {moved.get('tx_packets', 0)} ({moved.get('tx_bytes', 0)} bytes), "
            f"received {moved.get('rx_packets', 0)} ({moved.get('rx_bytes', 0)} bytes)"
        )
    for vlan in shown["vlans"]:
        print(f"  {vlan['name']}: VLAN {vlan['id']}, {vlan['mac']}")


def _ifconfig(control: ControlClient, arguments: Arguments) -> None:
    from bondimpl.iproute.ifconfig import listing

    bonds = [control.call("show", bond=name) for name in control.call("list")]
    print(listing(bonds, arguments.interface), end="")


def _monitor(control: ControlClient, arguments: Arguments) -> None:
    if arguments.bond:
        control.call("show", bond=arguments.bond)  # who waits for a bond that is not there waits for ever
    for event in control.events(arguments.bond):
        if arguments.json:
            print(json.dumps(event), flush=True)
        else:
            subject = event["bond"] if event["slave"] is None else f"{event['bond']} {event['slave']}"
            print(f"{event['time_ms'] / 1000:.3f} {subject}: {event['kind']} {event['value']}", flush=True)


def _options(control: ControlClient, arguments: Arguments) -> None:
    from bondimpl.cli.option_help import option_help

    values = control.call("show", bond=arguments.bond)["options"] if arguments.bond else None
    print(option_help(values))


def _probe(control: ControlClient, arguments: Arguments) -> None:
    pairs = _pairs(arguments.answers)
    refresh = pairs.pop("refresh", None)
    fields: dict[str, Any] = {"answers": pairs}
    if refresh is not None:
        if not refresh.isdecimal():
            raise BondError(f"refresh: {refresh!r} is not a number of milliseconds")
        fields["refresh_ms"] = int(refresh)
    print(json.dumps(control.call("probe", bond=arguments.bond, slave=arguments.slave, **fields), indent=2))


def _pairs(words: Sequence[str]) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for word in words:
        option, equals, value = word.partition("=")
        if not (option and equals):
            raise BondError(f"{word!r}: write option=value")
        if option in pairs:
            raise BondError(f"option {option}: given twice")
        pairs[option] = value
    return pairs


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="bondctl", description="Makes, changes and shows bonds of bondd.")
    parser.add_argument(
        "--socket",
        default=default_socket(),
        metavar="PATH",
        help=f"of bondd (default: {SOCKET_VARIABLE} in the environment, or %(default)s)",
    )
    commands = parser.add_subparsers(metavar="COMMAND", required=True)

    def command(
        name: str, run: Callable[[ControlClient, Arguments], None], text: str, bond: str | None = "BOND"
    ) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=text, description=text)
        added.set_defaults(run=run)
        if bond == "[BOND]":
            added.add_argument("bond", metavar="BOND", nargs="?")
        elif bond:
            added.add_argument("bond", metavar=bond)
        return added

    add = command("add", _add, "make a bond; 'bondctl options' lists the options")
    add.add_argument("options", nargs="*", metavar="OPTION=VALUE")
    delete = command("del", _delete, "remove a bond and give back its slaves")
    delete.add_argument("--force", action="store_true", help="also one that is up (the HOWTO's era)")
    command("list", _list, "names of all bonds", bond=None)
    show = command("show", _show, "state and options of a bond")
    show.add_argument("--json", action="store_true")
    status = command("status", _status, "state of a bond")
    status.add_argument("--proc", action="store_true", help="as /proc/net/bonding/BOND shows it")
    status.add_argument(
        "--unprivileged", action="store_true", help="with --proc: as it is shown to a reader who is not root"
    )
    status.add_argument("--json", action="store_true")
    lacp = commands.add_parser("lacp", help="the state of LACP in 802.3ad bonds")
    lacp_commands = lacp.add_subparsers(metavar="COMMAND", required=True)
    lacp_show = lacp_commands.add_parser("show", help="like ovs-appctl lacp/show; of one bond, or of all")
    lacp_show.add_argument("bond", metavar="BOND", nargs="?")
    lacp_show.set_defaults(run=_lacp_show)
    vlan_commands = commands.add_parser("vlan", help="VLAN devices over a bond").add_subparsers(
        metavar="COMMAND", required=True
    )
    for name, run, text in (
        ("add", _vlan_add, "make a VLAN device, where the kernel has none of its own"),
        ("del", _vlan_delete, "remove it"),
    ):
        vlan = vlan_commands.add_parser(name, help=text, description=text)
        vlan.add_argument("bond", metavar="BOND")
        vlan.add_argument("id", metavar="ID", type=int, help="1 to 4094")
        vlan.set_defaults(run=run)
        if run is _vlan_add:
            vlan.add_argument("--name", metavar="NAME", help="of the device (default: BOND.ID)")
    setting = command("set", _set, "change options of a live bond, or of a slave; also active_slave=IF")
    setting.add_argument("options", nargs="+", metavar="OPTION=VALUE")
    setting.add_argument("--slave", metavar="IF", help="the options are this slave's")
    for name, run, text in (
        ("enslave", _enslave, "add interfaces, which must be down"),
        ("release", _release, "detach slaves; they are left down"),
    ):
        command(name, run, text).add_argument("slaves", nargs="+", metavar="IF")
    command("up", _up, "bring the bond device up")
    command("down", _down, "bring the bond device down")
    command("log", _log, "the driver's log lines about a bond since it was made")
    ifconfig = command("ifconfig", _ifconfig, "interfaces as ifconfig shows them: MASTER, SLAVE", bond=None)
    ifconfig.add_argument("interface", metavar="IF", nargs="?")
    monitor = command("monitor", _monitor, "events as they happen, of one bond or of all", bond="[BOND]")
    monitor.add_argument("--json", action="store_true", help="one JSON object a line")
    command("options", _options, "every option there is; with BOND, the values in force", bond="[BOND]")
    probe = command(
        "probe", _probe, "have a slave's driver lie (bondd --fault-shim), show how often it was asked"
    )
    probe.add_argument("slave", metavar="IF")
    probe.add_argument(
        "answers",
        nargs="*",
        metavar="QUERY=ANSWER",
        help="carrier, mii, ethtool = up, down, fail, real; speed = 100/half, fail, real; "
        "refresh = period in ms at which the driver renews its carrier flag",
    )
    add_commands(commands)
    return parser


if __name__ == "__main__":
    sys.exit(main())
