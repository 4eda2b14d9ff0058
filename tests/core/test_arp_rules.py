"""The rules of the ARP monitor, age by age (an interval is 100 ms)."""

from __future__ import annotations

import pytest

from bondimpl.monitors.arp import Evidence, Finding, Windows, active_backup, load_balancing

HOWTO, TODAY = (Windows(100, 2, sharp=sharp) for sharp in (True, False))
LONG = 10_000
UP, DOWN, AS_BEFORE, IN_VAIN = Finding.UP, Finding.DOWN, Finding.AS_BEFORE, Finding.IN_VAIN


def seen(*, up: bool, heard: float, sent: float = 0, since: float = LONG, enabled: bool = True) -> Evidence:
    return Evidence(up=up, enabled=enabled, heard=heard, sent=sent, since=since)


@pytest.mark.parametrize(("windows", "last_good", "first_bad"), [(HOWTO, 199.9, 200), (TODAY, 250, 250.1)])
def test_when_a_slave_is_given_up(windows: Windows, last_good: float, first_bad: float) -> None:
    for judge in (load_balancing, lambda e, w: active_backup(e, w, searching=False)):
        for good, bad in (
            (seen(up=True, heard=last_good), seen(up=True, heard=first_bad)),
            (seen(up=True, heard=0, sent=last_good), seen(up=True, heard=0, sent=first_bad)),
        ):
            assert (judge(good, windows), judge(bad, windows)) == (AS_BEFORE, DOWN)


@pytest.mark.parametrize(("windows", "last_good", "first_bad"), [(HOWTO, 299.9, 300), (TODAY, 350, 350.1)])
def test_when_a_backup_is_given_up(windows: Windows, last_good: float, first_bad: float) -> None:
    for heard, verdict in ((last_good, AS_BEFORE), (first_bad, DOWN)):
        backup = seen(up=True, heard=heard, sent=LONG, enabled=False)
        assert active_backup(backup, windows, searching=False) is verdict
        assert active_backup(backup, windows, searching=True) is AS_BEFORE


@pytest.mark.parametrize(("windows", "last_good"), [(HOWTO, 100), (TODAY, 150)])
def test_when_a_slave_is_up(windows: Windows, last_good: float) -> None:
    too_old = last_good + 0.1
    assert load_balancing(seen(up=False, heard=last_good, sent=last_good), windows) is UP
    assert load_balancing(seen(up=False, heard=too_old), windows) is AS_BEFORE
    assert load_balancing(seen(up=False, heard=0, sent=too_old), windows) is AS_BEFORE
    for enabled, otherwise in ((True, IN_VAIN), (False, AS_BEFORE)):
        heard = seen(up=False, heard=last_good, sent=LONG, enabled=enabled)
        assert active_backup(heard, windows, searching=True) is UP
        silent = seen(up=False, heard=too_old, enabled=enabled)
        assert active_backup(silent, windows, searching=True) is otherwise


@pytest.mark.parametrize(
    ("windows", "last_spared", "first_judged"), [(HOWTO, 199.9, 200), (TODAY, 250, 250.1)]
)
@pytest.mark.parametrize("enabled", [True, False])
def test_a_new_role_gives_time(
    windows: Windows, last_spared: float, first_judged: float, enabled: bool
) -> None:
    for since, verdict in ((last_spared, AS_BEFORE), (first_judged, DOWN)):
        evidence = seen(up=True, heard=LONG, sent=LONG, since=since, enabled=enabled)
        assert active_backup(evidence, windows, searching=False) is verdict


@pytest.mark.parametrize("enabled", [True, False])
def test_excused_silence(enabled: bool) -> None:
    evidence = Evidence(up=True, enabled=enabled, heard=LONG, sent=0, since=LONG, excused=True)
    assert active_backup(evidence, HOWTO, searching=False) is AS_BEFORE
    assert load_balancing(evidence, HOWTO) is AS_BEFORE
    mute = Evidence(up=True, enabled=True, heard=0, sent=LONG, since=LONG, excused=True)
    assert load_balancing(mute, HOWTO) is DOWN, "not to have sent is no silence"


def test_a_single_missed_interval_in_sharp_windows() -> None:
    """What is fresh enough to come up is not too old to stay so."""
    assert load_balancing(seen(up=True, heard=100, sent=100), Windows(100, 1, sharp=True)) is AS_BEFORE
    assert load_balancing(seen(up=True, heard=101), Windows(100, 1, sharp=True)) is DOWN
