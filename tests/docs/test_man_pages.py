"""The manual pages tell every option and command there is, and none else."""

from __future__ import annotations

import argparse
import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from bondimpl.cli import bondctl, bondd, ifenslave
from bondimpl.config.dialects import DIALECTS
from bondimpl.runtime.control import DEFAULT_SOCKET, SOCKET_VARIABLE

MAN = Path(__file__).parents[2] / "docs" / "man"
PARSERS = {tool.__name__.rpartition(".")[2]: tool._parser() for tool in (bondctl, bondd, ifenslave)}
SECTIONS = {"NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "ENVIRONMENT", "FILES", "EXIT STATUS", "EXAMPLES"}


def _section(tool: str, name: str) -> str:
    """Its source, without fonts and escapes."""
    text = re.sub(r"\\f.|\\&", "", (MAN / f"{tool}.8").read_text()).replace("\\-", "-")
    found = re.search(rf"^\.SH {name}\n(.*?)(?=^\.SH |\Z)", text, re.MULTILINE | re.DOTALL)
    assert found, f"{tool}: no section {name}"
    return found[1]


def _tags(tool: str, section: str) -> list[str]:
    return re.findall(r"^\.TP\n(.+)", _section(tool, section), re.MULTILINE)


def _invocation(action: argparse.Action) -> str:
    """As in `--socket PATH`."""
    value = "{" + ",".join(action.choices) + "}" if action.choices else action.metavar
    return ", ".join(action.option_strings) + (f" {value}" if action.nargs != 0 else "")


def _usages(parser: argparse.ArgumentParser, prefix: str = "") -> Iterator[str]:
    """What can be typed after the tool's name, of each command: `vlan del BOND ID`."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, command in action.choices.items():
                if any(isinstance(each, argparse._SubParsersAction) for each in command._actions):
                    yield from _usages(command, f"{prefix}{name} ")
                    continue
                words = " ".join(command.format_usage().replace("[-h]", "").split())
                yield f"{prefix}{name} {words.partition(f'{prefix}{name}')[2].strip()}".strip()


@pytest.mark.parametrize("tool", PARSERS)
def test_it_is_formatted_without_a_warning(tool: str) -> None:
    command = ["groff", "-man", "-ww", "-Tutf8", str(MAN / f"{tool}.8")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert f"{tool.upper()}(8)" in done.stdout


@pytest.mark.parametrize("tool", PARSERS)
def test_the_options_are_those_of_the_parser(tool: str) -> None:
    options = [each for each in PARSERS[tool]._actions if each.option_strings]
    assert sorted(_tags(tool, "OPTIONS")) == sorted(map(_invocation, options))


def test_the_commands_are_those_of_the_parser() -> None:
    usages = sorted(_usages(PARSERS["bondctl"]))
    assert "vlan del BOND ID" in usages
    assert sorted(_tags("bondctl", "COMMANDS")) == usages


@pytest.mark.parametrize("tool", PARSERS)
def test_nothing_else_in_it_looks_like_an_option(tool: str) -> None:
    text = (MAN / f"{tool}.8").read_text().replace("\\-", "-")
    known = {word for parser in PARSERS.values() for word in re.findall(r"--[\w-]+", parser.format_help())}
    known |= {word for usage in _usages(PARSERS["bondctl"]) for word in re.findall(r"--[\w-]+", usage)}
    assert set(re.findall(r"--[a-z][\w-]*", text)) <= known


@pytest.mark.parametrize("tool", PARSERS)
def test_the_examples_are_understood(tool: str) -> None:
    lines = [line for line in _section(tool, "EXAMPLES").splitlines() if not line.startswith(".")]
    assert lines
    for line in lines:
        name, *words = shlex.split(line)
        assert name == tool
        PARSERS[tool].parse_args(words)  # ends the test when it is wrong


@pytest.mark.parametrize("tool", PARSERS)
def test_every_section_is_there(tool: str) -> None:
    for name in SECTIONS:
        assert _section(tool, name).strip()
    assert SOCKET_VARIABLE in _section(tool, "ENVIRONMENT")
    assert DEFAULT_SOCKET in _section(tool, "FILES")
    others = [name for name in PARSERS if name != tool]
    assert all(f".BR {name} (8)" in _section(tool, "SEE ALSO") for name in others)


def test_the_dialects_are_all_named() -> None:
    text = _section("bondctl", "COMMANDS")
    assert all(dialect in text for dialect in DIALECTS)
