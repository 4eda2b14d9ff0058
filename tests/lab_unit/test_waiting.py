"""Waiting: values, bounds, and what the messages say."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from lab.waiting import Deadline, TimeOut, eventually, never, sleep_until


def counter() -> Callable[[], int]:
    """A probe that answers 1, 2, 3, ..."""
    numbers = iter(range(1, 1000))
    return lambda: next(numbers)


def test_returns_the_first_value_that_satisfies() -> None:
    assert eventually(counter(), 5, until=lambda n: n >= 3, every=0) == 3


def test_a_truthy_value_satisfies_by_default() -> None:
    answers = iter(["", "", "up"])
    assert eventually(lambda: next(answers), 5, every=0) == "up"


def test_probes_once_even_without_any_time() -> None:
    assert eventually(lambda: "there", 0) == "there"


def test_probes_again_when_the_time_is_up() -> None:
    """What becomes true while we sleep up to the deadline counts."""
    begun = time.monotonic()
    assert eventually(lambda: time.monotonic() - begun >= 0.05, 0.05, every=10)


def test_a_slow_probe_gets_its_second_chance() -> None:
    """What a probe saw before the time was up says nothing about the moment when it is."""
    answers = iter([False, True])

    def slow() -> bool:
        time.sleep(0.03)
        return next(answers)

    assert eventually(slow, 0.01)


def test_expiry_names_what_bound_and_last_value() -> None:
    begun = time.monotonic()
    with pytest.raises(TimeOut, match=r"eth0 up: not within 0\.03 s; last seen: 'going back'"):
        eventually(lambda: "going back", 0.03, until=lambda word: word == "up", what="eth0 up")
    assert 0.03 <= time.monotonic() - begun < 1


def test_expiry_names_the_probe_when_nobody_said_what() -> None:
    def link_of_eth0() -> bool:
        return False

    with pytest.raises(TimeOut, match="link_of_eth0"):
        eventually(link_of_eth0, 0)


def test_errors_of_the_probe_pass_through() -> None:
    def broken() -> bool:
        raise KeyError("eth9")

    with pytest.raises(KeyError, match="eth9"):
        eventually(broken, 1)


def test_never_watches_for_the_whole_time() -> None:
    begun = time.monotonic()
    never(lambda: [], 0.05, "frames")
    assert time.monotonic() - begun >= 0.05


def test_never_reports_what_happened_at_once() -> None:
    begun = time.monotonic()
    with pytest.raises(TimeOut, match=r"frames: happened after .* of 30 s: \['a frame'\]"):
        never(lambda: ["a frame"], 30, "frames")
    assert time.monotonic() - begun < 5


def test_deadline() -> None:
    ahead, passed = Deadline(60), Deadline(0)
    ahead.check("anything")
    assert not ahead.expired
    assert 59 < ahead.remaining <= 60
    assert passed.expired
    assert passed.remaining == 0.0
    with pytest.raises(TimeOut, match="carrier: not within 0 s"):
        passed.check("carrier")


def test_sleep_until_tells_how_late_it_is() -> None:
    now = time.monotonic()
    assert sleep_until(now - 1) >= 1
    assert sleep_until(now + 0.02) < 0.5
    assert time.monotonic() >= now + 0.02
