"""The command line of `ip`: options, object, command, words (ip(8))."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

_TAKE_VALUE = ("family", "netns", "batch", "loops", "rcvbuf")
# In ip's own order: the first that an abbreviation fits is meant.
_OPTIONS = (
    *("loops", "family", "4", "6", "0", "B", "M", "human-readable", "iec", "statistics", "details"),
    *("resolve", "oneline", "timestamp", "tshort", "force", "batch", "brief", "json", "pretty"),
    *("rcvbuf", "color", "help", "Version", "netns", "Numeric", "all", "echo"),
)
_SHORT = {"n": "netns", "br": "brief", "rc": "rcvbuf", "N": "Numeric", "V": "Version"}
_OBJECTS = ("address", "addrlabel", "maddress", "route", "rule", "neighbor", "ntable", "ntbl", "link")
_COMMANDS = ("add", "set", "change", "replace", "delete", "show", "lst", "list")
_SYNONYMS = {"change": "set", "lst": "show", "list": "show"}


@dataclass(frozen=True, slots=True)
class Line:
    """One command. `options` are as given, `-json` and `-pretty` included, without `-color`: what is said of
    bonds is put together from plain text. `netns`, `batch` are '' if absent.

    `thing` and `command` are written out where they are about links or addresses, otherwise as given;
    `words` are what follows them.
    """

    options: tuple[str, ...] = ()
    netns: str = ""
    batch: str = ""
    details: bool = False
    json: bool = False
    pretty: bool = False
    brief: bool = False
    oneline: bool = False
    force: bool = False
    thing: str = ""
    command: str = ""
    words: tuple[str, ...] = ()


_FLAGS = ("details", "json", "pretty", "brief", "oneline", "force")


def parse(argv: Sequence[str]) -> Line:
    """Never fails: what is not understood is left to the real `ip`."""
    line, rest = Line(), list(argv)
    while rest and rest[0].startswith("-"):
        word = rest.pop(0)
        if word == "--":
            break
        option = _option(word)
        if option == "color":
            continue
        line = replace(line, options=(*line.options, word))
        if option in _TAKE_VALUE and rest:
            value = rest.pop(0)
            line = replace(line, options=(*line.options, value))
            if option == "netns":
                line = replace(line, netns=value)
            elif option == "batch":
                line = replace(line, batch=value)
        elif option in _FLAGS:
            line = replace(line, **{option: True})  # type: ignore[arg-type]
    if not rest:
        return line
    thing = expand(rest[0], _OBJECTS) or rest[0]
    if thing not in ("link", "address"):
        return replace(line, thing=rest[0], words=tuple(rest[1:]))
    command = (expand(rest[1], _COMMANDS) or rest[1]) if rest[1:] else "show"
    return replace(line, thing=thing, command=_SYNONYMS.get(command, command), words=tuple(rest[2:]))


def expand(word: str, known: Sequence[str]) -> str | None:
    """The first of the known words that this is the beginning of."""
    return next((each for each in known if word and each.startswith(word)), None)


def _option(word: str) -> str | None:
    short = word.lstrip("-").partition("=")[0]
    return _SHORT.get(short) or expand(short, _OPTIONS)
