"""The timeline as text."""

from __future__ import annotations

import time
from datetime import datetime

from lab.timeline import Moment, Timeline


def test_render_merges_others_in_order_of_time() -> None:
    timeline = Timeline()
    timeline.note("lab", "built", timeline.begun_s + 0.5)
    timeline.note("fault", "pulled", timeline.begun_s + 2.0)
    text = timeline.render([Moment(timeline.begun_s + 1.25, "host1 bond0", "carrier up")])
    assert text.splitlines()[1:] == [
        "    0.5000  lab          built",
        "    1.2500  host1 bond0  carrier up",
        "    2.0000  fault        pulled",
    ]
    assert text.endswith("\n")


def test_the_first_line_is_the_wall_clock_at_the_beginning() -> None:
    before = time.time_ns()
    timeline = Timeline()
    after = time.time_ns()
    stamp = timeline.render().splitlines()[0].split()[-1]
    whole, _, rest = stamp.rstrip("Z").partition(".")
    begun = int(datetime.fromisoformat(f"{whole}+00:00").timestamp()) * 10**9 + int(rest)
    assert before - 1_000_000 <= begun <= after + 1_000_000
