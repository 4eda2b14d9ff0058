"""Lines of configuration files: joined by a backslash, and comments."""

from __future__ import annotations

import pytest

from bondimpl.config import dialects, shell
from bondimpl.config.faults import Faults, Item
from testcases.section_03_configuration.samples import MODULES_CONF


def test_a_line_that_ends_in_a_backslash_goes_on() -> None:
    assert list(shell.lines("a \\\nb\nc")) == [(1, "a b"), (3, "c")]


@pytest.mark.parametrize("comment", ["# old: \\", "   # old: \\"])
def test_a_comment_does_not(comment: str) -> None:
    read = [line for _, line in shell.lines(f"{comment}\nMASTER=bond0\n") if line]
    assert read == [comment.strip(), "MASTER=bond0"]


def test_to_modprobe_it_does() -> None:
    """As kmod reads it: the alias is a part of the comment, so that only the options are left."""
    assert [line for _, line in shell.lines("# a \\\nb\nc", comments_go_on=True)] == ["# a b", "c"]
    (plain,) = dialects.read({"modprobe.conf": MODULES_CONF}).bonds
    commented = dialects.read({"modprobe.conf": "# not this \\\noptions bond0 mode=1\n" + MODULES_CONF}).bonds
    assert commented == (plain,)


@pytest.mark.parametrize(
    ("text", "read"), [("'a # $X'", ["a # $X"]), ("a # $X", ["a"]), ('"a # b"', ["a # b"])]
)
def test_what_is_a_comment_and_what_is_not(text: str, read: list[str]) -> None:
    faults = Faults()
    assert (shell.words(Item("f", 1, "KEY"), text, faults), faults.found) == (read, [])


def test_a_variable_in_double_quotes_is_a_fault_though_a_hash_comes_before() -> None:
    faults = Faults()
    assert shell.words(Item("f", 1, "KEY"), '"a # $X"', faults) is None
    assert "f:1: KEY: $ and ` need a shell" in str(faults.found[0])
