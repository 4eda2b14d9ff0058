"""`bondlab fault`: break something in the lab that is up, and mend it."""

from __future__ import annotations

import sys
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from lab.cli.frame import RunOption, plainly
from lab.errors import LabError, TopologyError

fault = typer.Typer(
    no_args_is_help=True,
    help="Break something in the lab that 'bondlab up' has started, and mend it.",
    epilog="Example: bondlab fault apply pull host1:eth0 --for 5",
)


def _words(incomplete: str) -> list[str]:
    from lab.remote.words import WORDS

    return [word for word in WORDS if word.startswith(incomplete)]


def _targets(context: typer.Context, incomplete: str) -> list[str]:
    from lab.remote.client import ask, find

    try:
        told = ask(find(context.params.get("run")), "targets", word=context.params.get("word"))
    except LabError:  # no lab, or several: what it would say does not belong on a half-typed line
        return []
    return [name for name in told if name.startswith(incomplete)]


@fault.command("list", epilog="Example: bondlab fault list")
@plainly
def list_() -> None:
    """List the faults there are: what each does, to what, and how much of it."""
    from lab.remote.words import WORDS

    table = Table("fault", "of a", "number", "what it does", box=None, header_style="bold")
    for name, word in WORDS.items():
        amount = ""
        if word.amount:
            default = word.amount.default
            amount = word.amount.unit + ("" if default is None else f" [{default:g}]")
        table.add_row(name, word.target, amount.replace("[", "\\["), word.text)
    Console().print(table)


@fault.command("apply", epilog="Example: bondlab fault apply loss host1:eth0 30 --for 10")
@plainly
def apply(
    word: Annotated[
        str, typer.Argument(metavar="FAULT", help="see 'bondlab fault list'", autocompletion=_words)
    ],
    target: Annotated[
        str,
        typer.Argument(help="a cable, its end NODE:PORT, a switch or a host", autocompletion=_targets),
    ],
    number: Annotated[float | None, typer.Argument(help="how much of it: percent, ms or Mbit/s")] = None,
    for_s: Annotated[float | None, typer.Option("--for", help="mend it after so many seconds")] = None,
    run: RunOption = None,
) -> None:
    """Break something; it is mended after --for, by 'bondlab fault heal', or when the lab ends."""
    from lab.remote.client import ask, find

    done = ask(find(run), "fault", word=word, target=target, amount=number, for_s=for_s)
    print(f"{done['number']}: {done['text']}")


@fault.command("heal", epilog="Example: bondlab fault heal all")
@plainly
def heal(
    number: Annotated[str, typer.Argument(help="the number that 'fault apply' said, or all")],
    run: RunOption = None,
) -> None:
    """Mend what was broken."""
    from lab.remote.client import ask, find

    if number != "all" and not number.isdecimal():
        raise TopologyError(f"fault heal: {number!r} is neither a number nor all")
    healed = ask(find(run), "heal", number=None if number == "all" else int(number))
    for text in healed:
        print(f"healed: {text}")
    if not healed:
        print("nothing is broken", file=sys.stderr)
