"""What modprobe would do: which modules it loads in which order, and which bonds come of it."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass, field

from bondimpl.config import shell
from bondimpl.config.draft import Draft, Given, finish
from bondimpl.config.faults import Faults, Files, Item, base
from bondimpl.config.model import BondConfig
from bondimpl.config.module_rules import Rules, read_rules
from bondimpl.config.values import interface
from bondimpl.errors import BondError
from bondimpl.options import DriverOptions, row

BONDING = "bonding"
_DEPTH = 8
_SWITCHES = {"-q", "-v", "-s", "-k", "-f", "--quiet", "--verbose", "--syslog", "--force"}
MAX_BONDS = 1024
"""More at a load is taken for a slip of the pen."""


def read(files: Files, faults: Faults) -> BondConfig:
    """The bonds that come of bringing up every interface that is an alias of bonding. Raises ConfigError."""
    rules = read_rules(files, faults)
    modules = Modules(rules, faults)
    aliases = [(name, item) for name, item in rules.aliases.items() if item.value == BONDING]
    for name, item in aliases:
        modules.bring_up(item, name)
    if not aliases and BONDING in rules.options:
        modules.probe(rules.options[BONDING][0][0], BONDING)
    return modules.config(list(modules.drafts.values()))


@dataclass(slots=True)
class Probe:
    """A command line of modprobe or insmod."""

    module: str
    instance: str | None = None
    ignore_install: bool = False
    parameters: list[str] = field(default_factory=list)


class Modules:
    """The modules of a host that has none loaded yet; `drafts` are the bonds that are there, by name."""

    def __init__(self, rules: Rules, faults: Faults) -> None:
        self.rules, self.faults = rules, faults
        self.drafts: dict[str, Draft] = {}
        self.order: list[str] = []
        self.instances: set[str] = set()
        self._used: set[str] = set()

    def bring_up(self, item: Item, name: str) -> Draft | None:
        """The bond that `ifup NAME` finds, with its module loaded on demand; None is at fault."""
        if name not in self.drafts:
            target = self.rules.aliases.get(name)
            if target is None or target.value != BONDING:
                self.faults.add(item, f"{name}: no such device; no line `alias {name} bonding` makes one")
                return None
            self.probe(item, name)
        elif name in self.rules.options and name not in self._used:
            self.faults.add(
                self.rules.options[name][0][0],
                f"without effect: {name} came with another instance; give this one a name (-o {name})",
            )
        if name not in self.drafts and not self.faults.found:
            self.faults.add(
                item,
                f"{name}: no such device; bonding is loaded already, so it needs an instance of its own "
                f"(options {name} -o {name} ...) or max_bonds",
            )
        return self.drafts.get(name)

    def probe(self, item: Item, name: str, command: Probe | None = None, depth: int = 0) -> None:
        """Load a module, or what the name is an alias of; one that is loaded stays as it is."""
        command = command or Probe(name)
        target = self.rules.aliases.get(name)
        module = target.value if target else name
        if depth > _DEPTH:
            self.faults.add(item, f"loading {module} goes round in circles")
            return
        if module in self.rules.installs and not command.ignore_install:
            self._install(self.rules.installs[module], name, module, command, depth)
            return
        if module != BONDING:
            self._load(item, module, depth)
            return
        words = [(item, word) for word in command.parameters]
        instance = command.instance
        for source in dict.fromkeys((name, module)):
            self._used.add(source)
            for where, given in self.rules.options.get(source, ()):
                found = _arguments(where, given, self.faults)
                instance = instance or found.instance
                words += [(where, word) for word in found.parameters]
        self._bonding(item, instance, words, depth)

    def _load(self, item: Item, module: str, depth: int) -> None:
        if module in self.order:
            return
        for other in self.rules.above.get(module, ()):
            self.probe(item, other, depth=depth + 1)
        self.order.append(module)
        for other in self.rules.below.get(module, ()):
            self.probe(item, other, depth=depth + 1)

    def _install(self, install: Item, name: str, module: str, asked: Probe, depth: int) -> None:
        for text in install.value.split(";"):
            words = shell.words(install, text, self.faults)
            if not words:
                continue
            if base(words[0]) != "modprobe":
                self.faults.add(install, f"{words[0]}: only modprobe is understood here")
                return
            command = _arguments(install, words[1:], self.faults, with_module=True)
            if command.module == module and not command.ignore_install:
                self.faults.add(install, f"goes round in circles; write --ignore-install {module}")
                return
            if command.module == module:
                # What was asked for, under the name it was asked by: its options hold.
                asked = dataclasses.replace(asked, ignore_install=True)
                self.probe(install, name, asked, depth + 1)
            elif command.module:
                self.probe(install, command.module, command, depth + 1)

    def _bonding(self, item: Item, name: str | None, words: Sequence[tuple[Item, str]], depth: int) -> None:
        if (name or BONDING) in self.instances:
            if name:
                self.faults.add(item, f"an instance {name} is loaded already; each needs a name of its own")
            return
        self._load(item, BONDING, depth)
        self.instances.add(name or BONDING)
        given, count = parameters(words, self.faults)
        if name:
            if not interface(item, name, self.faults):
                return
            if name in self.drafts:
                self.faults.add(item, f"{name}: there is such a bond already")
                return
            self.drafts[name] = Draft(name, item, list(given))
        for _ in range(count - (1 if name else 0)):
            free = next(f"bond{n}" for n in range(MAX_BONDS * 64) if f"bond{n}" not in self.drafts)
            self.drafts[free] = Draft(free, item, list(given))

    def config(self, drafts: Sequence[Draft]) -> BondConfig:
        """The configuration of these bonds, with the modules around it. Raises ConfigError."""
        made = finish(drafts, self.faults)
        at = self.order.index(BONDING) if BONDING in self.order else len(self.order)
        slaves = {member.name for bond in made.bonds for member in bond.slaves}
        nics = [(nic, item.value) for nic, item in self.rules.aliases.items() if nic in slaves]
        return dataclasses.replace(
            made, before=tuple(self.order[:at]), after=tuple(self.order[at + 1 :]), drivers=tuple(nics)
        )


def parameters(words: Sequence[tuple[Item, str]], faults: Faults) -> tuple[list[Given], int]:
    """The options of each bond of an instance, and how many it makes (max_bonds)."""
    given, count = [], DriverOptions().max_bonds
    for item, word in words:
        name, equals, text = word.partition("=")
        if not equals:
            faults.add(item, f"{word!r}: write option=value")
        elif name in ("max_bonds", "tx_queues"):
            try:
                value = row(name, DriverOptions).parse(text)
            except BondError as error:
                faults.add(item, str(error))
                continue
            if name == "max_bonds":
                count = value
                if value > MAX_BONDS:
                    faults.add(item, f"{value} bonds are more than anybody wants; at most {MAX_BONDS}")
                    count = 0
        else:
            given.append((item, name, text))
    return given, count


def probe_command(item: Item, words: Sequence[str], faults: Faults) -> Probe:
    """`modprobe WORDS`."""
    return _arguments(item, words, faults, with_module=True)


def _arguments(item: Item, words: Sequence[str], faults: Faults, with_module: bool = False) -> Probe:
    found = Probe("")
    rest = list(words)
    while rest:
        word = rest.pop(0)
        if word in ("-o", "--name"):
            if not rest:
                faults.add(item, f"{word} needs a name")
                break
            found.instance = rest.pop(0)
        elif word.startswith("-o"):
            found.instance = word[2:]
        elif word in ("--ignore-install", "-i"):
            found.ignore_install = True
        elif word in _SWITCHES:
            continue
        elif word.startswith("-"):
            faults.add(item, f"{word}: not understood here")
        elif with_module and not found.module:
            found.module = base(word).removesuffix(".ko").removesuffix(".o")
        else:
            found.parameters.append(word)
    if with_module and not found.module:
        faults.add(item, "which module?")
    return found
