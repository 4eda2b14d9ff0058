"""modules.conf and modprobe.conf: what modprobe is told of modules (HOWTO 3.2, 3.4, 9.2).

`modules.conf` is the file of the old modutils, with `add above`; `modprobe.conf`, `modprobe.conf.local` and
`modprobe.d/*.conf` are those of its successors, with `install` and --ignore-install.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from bondimpl.config import shell
from bondimpl.config.faults import Faults, Files, Item, base

OLD_FILE = "modules.conf"
NEW_FILES = ("modprobe.conf", "modprobe.conf.local")
_IGNORED = {True: {"keep", "path", "remove", "post-remove", "pre-remove"}, False: {"blacklist", "remove"}}


@dataclass(slots=True)
class Rules:
    """Each by the name of a module or alias. The value of an item in `installs` is a command line."""

    aliases: dict[str, Item] = field(default_factory=dict)
    options: dict[str, list[tuple[Item, list[str]]]] = field(default_factory=dict)
    installs: dict[str, Item] = field(default_factory=dict)
    above: dict[str, list[str]] = field(default_factory=dict)
    below: dict[str, list[str]] = field(default_factory=dict)


def is_module_file(path: str) -> bool:
    """Whether a file is one of these, by its name."""
    return base(path) in (OLD_FILE, *NEW_FILES) or ("modprobe.d/" in path and path.endswith(".conf"))


def read_rules(files: Files, faults: Faults) -> Rules:
    """The rules of all these files together."""
    rules = Rules()
    for file, text in sorted(files.items()):
        for number, line in shell.lines(text, comments_go_on=True):
            if line and not line.startswith("#"):
                _read_line(rules, Item(file, number, line.split()[0], line), faults)
    return rules


def _read_line(rules: Rules, item: Item, faults: Faults) -> None:
    old = base(item.file) == OLD_FILE
    directive, _, rest = item.value.partition(item.key)[2].strip().partition(" ")
    rest = f"{directive} {rest}".strip()
    if item.key == "install":
        _read_install(rules, item, rest, old, faults)
        return
    words = shell.words(item, rest, faults)
    if words is None or item.key in _IGNORED[old]:
        return
    if item.key == "alias" and len(words) == 2:
        if words[1] != "off":
            rules.aliases[words[0]] = Item(item.file, item.line, "alias", words[1])
    elif item.key == "options" and len(words) >= 2:
        rules.options.setdefault(words[0], []).append((item, words[1:]))
    elif item.key in ("add", "above", "below"):
        _read_order(rules, item, words, old, faults)
    elif item.key == "softdep" and not old and words:
        _read_softdep(rules, words)
    elif item.key in ("alias", "options"):
        faults.add(item, "needs a name and what is said of it")
    else:
        faults.add(item, "not a directive that is understood here")


def _read_install(rules: Rules, item: Item, rest: str, old: bool, faults: Faults) -> None:
    module, _, command = rest.partition(" ")
    if not command.strip():
        faults.add(item, "needs a module and a command")
    elif old and "--ignore-install" in command:
        faults.add(
            item, f"{OLD_FILE} has no --ignore-install (modprobe.conf has); write `add above {module} ...`"
        )
    else:
        rules.installs[module] = Item(item.file, item.line, "install", command.strip())


def _read_order(rules: Rules, item: Item, words: list[str], old: bool, faults: Faults) -> None:
    if not old:
        faults.add(
            item,
            f"only {OLD_FILE} has `{item.key}`; write `install bonding modprobe NIC-MODULE; "
            "modprobe --ignore-install bonding`",
        )
        return
    if item.key == "add":
        if words[:1] not in (["above"], ["below"]):
            faults.add(item, "write `add above MODULE MODULE...` or `add below ...`")
            return
        which, *words = words
    else:
        which = item.key
    if len(words) < 2:
        faults.add(item, "needs a module and those that go with it")
        return
    # modutils: what lies above a module is loaded before it. (The HOWTO's reading of its manual page.)
    place = rules.above if which == "above" else rules.below
    if item.key != "add":
        place.pop(words[0], None)
    place.setdefault(words[0], []).extend(words[1:])


def _read_softdep(rules: Rules, words: list[str]) -> None:
    place = None
    for word in words[1:]:
        if word in ("pre:", "post:"):
            place = rules.above if word == "pre:" else rules.below
        elif place is not None:
            place.setdefault(words[0], []).append(word)
