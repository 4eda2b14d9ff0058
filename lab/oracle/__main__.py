"""`python -m lab.oracle [--only NAME[,NAME]] [ARGUMENT OF PYTEST ...]`: exit 1 when something disagrees.

`python -m lab.oracle --driver NAME [ARGUMENT OF PYTEST ...]` runs the cases on a driver of another kind.
"""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from rich.console import Console

from lab import differences
from lab.errors import LabError
from lab.oracle import others
from lab.oracle.render import as_json, as_page
from lab.oracle.runs import AT_ONCE, DRIVERS, OTHERS, Result, last, run, without_skipped
from lab.oracle.table import VERDICTS, compare

ROOT = Path(__file__).parents[2]


def main(arguments: list[str]) -> int:
    """Run the cases on all three drivers and write what came of it. With arguments docs/ stays as it is.

    With --only, only the runs of these names (howto, 6.x, kernel); of the others the last results count.
    """
    wanted = tuple(DRIVERS)
    if arguments[:1] == ["--only"]:
        wanted, arguments = tuple(arguments[1].split(",")), arguments[2:]
    directory = ROOT / "artifacts" / "oracle"
    directory.mkdir(parents=True, exist_ok=True)
    console = Console()
    if arguments[:1] == ["--driver"]:
        return _other("".join(arguments[1:2]), arguments[2:], directory, console)
    results: dict[str, Result] = {}
    seconds: dict[str, float] = {}
    for names in AT_ONCE:
        todo = [name for name in names if name in wanted]
        left_out = without_skipped(results["kernel"]) if "kernel" in results else []
        with console.status(f"{' and '.join(todo)}: pytest testcases"), ThreadPoolExecutor() as pool:
            runs = {name: pool.submit(run, name, [*arguments, *left_out], directory) for name in todo}
        for name in names:
            results[name], seconds[name] = runs[name].result() if name in runs else last(name, directory)
        for name in todo:
            console.print(f"{name}: {results[name].driver}: {seconds[name] / 60:.1f} min")
    known = differences.load()
    results = {name: results[name] for name in DRIVERS}
    rows = compare(results["howto"], results["6.x"], results["kernel"], known)
    drivers = {name: result.driver for name, result in results.items()}
    (directory / "oracle.json").write_text(as_json(rows, drivers, seconds))
    page = directory / "oracle.md" if arguments else ROOT / "docs" / "oracle.md"
    page.write_text(as_page(rows, drivers, seconds, known))
    for verdict in VERDICTS:
        console.print(f"{sum(row.verdict == verdict for row in rows):4} {verdict}")
    for row in rows:
        if row.verdict == "disagree":
            console.print(f"  {row.id}: {row.note}", markup=False)
    console.print(f"written: {page.relative_to(ROOT)}, {directory.relative_to(ROOT)}/oracle.json")
    return int(any(row.verdict == "disagree" for row in rows))


def _other(name: str, arguments: list[str], directory: Path, console: Console) -> int:
    """Run the cases on that driver and write what came of it. With arguments docs/ stays as it is."""
    if name not in OTHERS:
        raise LabError(f"--driver {name}: no such driver; there are: {', '.join(OTHERS)}")
    with console.status(f"{name}: pytest testcases"):
        result, seconds = run(name, arguments, directory)
    page = directory / "other_drivers.md" if arguments else ROOT / "docs" / "other_drivers.md"
    page.write_text(others.as_page(others.known(directory)))
    told = ", ".join(f"{count} {verdict}" for verdict, count in others.counts(result).items())
    console.print(f"{name}: {seconds / 60:.1f} min: {told}")
    console.print(f"written: {page.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except LabError as error:
        sys.exit(f"oracle: {error}")
