"""The undo stack."""

from __future__ import annotations

import pytest

from lab.undo import UndoStack


def test_last_in_first_out_and_only_once() -> None:
    done: list[int] = []
    stack = UndoStack()
    for number in range(3):
        stack.push(str(number), lambda number=number: done.append(number))  # type: ignore[misc]
    stack.unwind()
    stack.unwind()
    assert done == [2, 1, 0]
    assert len(stack) == 0


def test_everything_is_undone_even_when_some_fail() -> None:
    done: list[str] = []

    def fail() -> None:
        raise OSError("no")

    stack = UndoStack()
    stack.push("first", lambda: done.append("first"))
    stack.push("second", fail)
    stack.push("third", lambda: done.append("third"))
    stack.push("fourth", fail)
    with pytest.raises(ExceptionGroup, match="2 of 4 undo steps failed") as caught:
        stack.unwind()
    assert done == ["third", "first"]
    assert [e.__notes__ for e in caught.value.exceptions] == [
        ["while undoing: fourth"],
        ["while undoing: second"],
    ]


def test_an_undo_may_push_another() -> None:
    done: list[str] = []
    stack = UndoStack()
    stack.push("outer", lambda: stack.push("inner", lambda: done.append("inner")))
    stack.unwind()
    assert done == ["inner"]
