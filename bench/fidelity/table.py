"""What came of the runs, side by side."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from bench.fidelity.scenarios import Scenario

HEAD = ("what", "mode", "driver", "n", "min", "median", "p90", "max")


@dataclass(frozen=True, slots=True)
class Row:
    """The figures of a scenario on one driver, in ms (or a count)."""

    scenario: Scenario
    driver: str
    figures: tuple[float, ...]

    def cells(self) -> tuple[str, ...]:
        """As in HEAD."""
        if not self.figures:
            return (self.scenario.name, self.scenario.mode, self.driver, "0", *("-" for _ in range(4)))
        ordered = sorted(self.figures)
        ninth = ordered[min(len(ordered) - 1, round(0.9 * (len(ordered) - 1)))]
        told = (ordered[0], statistics.median(ordered), ninth, ordered[-1])
        return (
            self.scenario.name,
            self.scenario.mode,
            self.driver,
            str(len(ordered)),
            *(f"{value:.0f}" for value in told),
        )


def as_page(rows: Sequence[Row], drivers: Sequence[str]) -> str:
    """The page docs/fidelity.md."""
    lines = [
        "# Fidelity in time",
        "",
        "Written by `make fidelity`: each fault again and again on bondimpl (`--era 6.x`) and on the",
        "kernel's own driver, measured on the wire, in ms. Drivers: " + "; ".join(drivers) + ".",
        "",
        "The guest counts ticks of 10 ms and takes one more for each period, so that 100 ms are 110 there:",
        "what rests on a periodic check is a tenth longer than on a machine of its own.",
        "",
        f"| {' | '.join(HEAD)} |",
        f"|{'---|' * len(HEAD)}",
        *(f"| {' | '.join(row.cells())} |" for row in rows),
        "",
    ]
    return "\n".join(lines)
