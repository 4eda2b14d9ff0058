"""Timers, virtual and real."""

from __future__ import annotations

from bondimpl.clock import RealClock, Ticker, VirtualClock


def test_calls_come_in_order_of_time_then_of_request() -> None:
    clock, seen = VirtualClock(), []
    clock.call_at(20, lambda: seen.append("b"))
    clock.call_at(10, lambda: seen.append("a"))
    clock.call_at(20, lambda: seen.append("c"))
    clock.call_at(15, lambda: seen.append("never")).cancel()
    clock.advance(30)
    assert seen == ["a", "b", "c"]
    assert clock.now() == 30


def test_a_call_sees_its_own_time_and_may_ask_for_more() -> None:
    clock, seen = VirtualClock(), []

    def again() -> None:
        seen.append(clock.now())
        if len(seen) < 3:
            clock.call_at(clock.now() + 5, again)

    clock.call_at(5, again)
    clock.advance(100)
    assert seen == [5, 10, 15]


def test_a_ticker_keeps_its_grid_until_stopped() -> None:
    clock, seen = VirtualClock(), []
    ticker = Ticker(clock, 100, lambda: seen.append(clock.now()), first_ms=0)
    clock.advance(350)
    ticker.stop()
    clock.advance(1000)
    assert seen == [0, 100, 200, 300]


def test_the_real_clock_runs_what_is_due() -> None:
    clock, seen = RealClock(), []
    assert clock.timeout_ms() is None
    clock.call_at(clock.now() - 1, lambda: seen.append("late"))
    clock.call_at(clock.now() + 60_000, lambda: seen.append("far"))
    clock.run_due()
    assert seen == ["late"]
    timeout = clock.timeout_ms()
    assert timeout is not None
    assert 0 < timeout <= 60_000
