"""Judging streams: against a straightforward reckoning, for every kind of trouble."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.judging import Arrival, judge

PACE_S = 0.01


def arrived(*sequences: int, pace_s: float = PACE_S) -> list[Arrival]:
    """Arrivals in this order, one a pace."""
    return [Arrival(100 + place * pace_s, sequence) for place, sequence in enumerate(sequences)]


def test_all_well() -> None:
    report = judge(arrived(*range(10)), 10, pace_s=PACE_S)
    assert (report.sent, report.received, report.lost, report.duplicates, report.reordered) == (
        10,
        10,
        0,
        0,
        0,
    )
    assert (report.outages, report.outage_ms) == ((), 0.0)
    assert report.longest_gap_ms == pytest.approx(10)


def test_an_outage_is_as_long_as_the_pace_says() -> None:
    """Frames 3, 4, 5 lost: 2 arrived, then 6, four paces later."""
    report = judge(arrived(0, 1, 2, 6, 7), 8, pace_s=PACE_S, start_s=50)
    (outage,) = report.outages
    assert (outage.first, outage.lost) == (3, 3)
    assert outage.ms == pytest.approx(40)
    assert outage.from_s == pytest.approx(50.02)
    assert outage.to_s == pytest.approx(50.06)


def test_neither_duplicates_nor_disorder_shorten_an_outage() -> None:
    clean = judge(arrived(0, 1, 2, 6, 7), 8, pace_s=PACE_S)
    messy = judge(arrived(0, 2, 2, 1, 7, 2, 6, 6), 8, pace_s=PACE_S)
    assert messy.outages == clean.outages
    assert messy.duplicates == 3
    assert messy.reordered == 2  # 1 after 2, 6 after 7


def test_a_late_copy_is_a_duplicate_and_no_disorder() -> None:
    report = judge(arrived(0, 1, 2, 0), 3, pace_s=PACE_S)
    assert (report.duplicates, report.reordered, report.lost) == (1, 0, 0)


def test_several_outages() -> None:
    report = judge(arrived(0, 2, 6), 7, pace_s=PACE_S)
    assert [(o.first, o.lost) for o in report.outages] == [(1, 1), (3, 3)]
    assert report.outage_ms == pytest.approx(40)
    assert report.lost == 4


def test_loss_at_the_ends() -> None:
    report = judge(arrived(2, 3), 6, pace_s=PACE_S)
    assert [(o.first, o.lost) for o in report.outages] == [(0, 2), (4, 2)]
    assert report.outages[0].ms == pytest.approx(20)  # from the start of the stream
    assert report.outages[1].ms == pytest.approx(30)  # to the end of the stream


def test_nothing_arrived() -> None:
    report = judge([], 5, pace_s=PACE_S)
    assert (report.lost, report.loss, report.longest_gap_ms) == (5, 1.0, 0.0)
    assert report.outage_ms == pytest.approx(50)


def test_nothing_sent() -> None:
    report = judge([], 0, pace_s=PACE_S)
    assert (report.lost, report.loss, report.outages) == (0, 0.0, ())


def test_numbers_never_sent_are_strays() -> None:
    report = judge(arrived(0, 1, 99), 2, pace_s=PACE_S)
    assert (report.received, report.strays, report.duplicates) == (2, 1, 0)


@given(
    sent=st.integers(1, 60),
    data=st.data(),
)
def test_against_a_reckoning_by_hand(sent: int, data: st.DataObject) -> None:
    sequences = data.draw(st.lists(st.integers(0, sent - 1), max_size=80))
    report = judge(arrived(*sequences), sent, pace_s=PACE_S)
    lost = sorted(set(range(sent)) - set(sequences))
    assert report.lost == len(lost) == sum(outage.lost for outage in report.outages)
    assert report.received + report.duplicates == len(sequences)
    assert [n for o in report.outages for n in range(o.first, o.first + o.lost)] == lost
    # Outages are as long as can be: two of them are never neighbours.
    assert all(a.first + a.lost < b.first for a, b in zip(report.outages, report.outages[1:], strict=False))
    first_places = [sequences.index(n) for n in dict.fromkeys(sequences)]
    late = [p for p in first_places if any(sequences[q] > sequences[p] for q in first_places if q < p)]
    assert report.reordered == len(late)


@given(st.permutations(list(range(12))))
def test_the_order_of_arrival_never_makes_a_loss(order: list[int]) -> None:
    assert judge(arrived(*order), 12, pace_s=PACE_S).outages == ()


@given(st.integers(1, 40), st.integers(1, 40), st.integers(1, 40))
def test_the_length_of_one_outage(before: int, lost: int, after: int) -> None:
    numbers = [*range(before), *range(before + lost, before + lost + after)]
    report = judge(arrived(*numbers), before + lost + after, pace_s=PACE_S)
    assert report.outage_ms == pytest.approx((lost + 1) * PACE_S * 1e3)
