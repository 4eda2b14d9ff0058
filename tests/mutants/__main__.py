"""Runs the cases on every mutant of the driver: `python -m tests.mutants [WORD]` (only those named so).

Exit code 0 when the cases are green on the untouched copy and notice every mutant.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.mutants.faults import MUTANTS, Mutant

ROOT = Path(__file__).parents[2]
COPIED = ("bondimpl", "lab", "topologies", "testcases", "conftest.py", "pyproject.toml")
PYTEST_FAILED = 1
"""pytest's exit code for "tests were run and some failed"; others mean that nothing was shown."""


def run_cases(tree: Path, cases: Sequence[str], topology: str) -> tuple[int, str]:
    """Exit code and output of pytest on the cases, with everything imported from `tree`."""
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-x",
        "-p",
        "no:cacheprovider",
        f"--topo={topology}",
        *cases,
    ]
    done = subprocess.run(
        command,
        cwd=tree,
        env={**os.environ, "PYTHONPATH": str(tree)},
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    return done.returncode, done.stdout + done.stderr


def copy_tree(to: Path) -> None:
    """A copy of what the cases need."""
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, to / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, to / name)


def verdict(tree: Path, mutant: Mutant) -> tuple[bool, str]:
    """Whether the cases notice the mutant, and the first failure or why not."""
    file = tree / mutant.file
    text = file.read_text()
    if text.count(mutant.old) != 1:
        return False, f"the text to change stands {text.count(mutant.old)} times in {mutant.file}"
    file.write_text(text.replace(mutant.old, mutant.new))
    try:
        code, output = run_cases(tree, mutant.cases, mutant.topology)
    finally:
        file.write_text(text)
    failures = [line for line in output.splitlines() if line.startswith(("FAILED", "ERROR"))]
    if code == PYTEST_FAILED and failures:
        return True, failures[0].partition("::")[2] or failures[0]
    return False, f"SURVIVED (pytest exit code {code})"


def main(words: Sequence[str]) -> int:
    """Try the chosen mutants, print a table; the exit code."""
    console = Console()
    chosen = [m for m in MUTANTS if not words or any(word in m.name for word in words)]
    if not chosen:
        console.print(
            f"no mutant is called {' or '.join(words)}; there are: {', '.join(m.name for m in MUTANTS)}"
        )
        return 2
    with tempfile.TemporaryDirectory(prefix="bondlab-mutants-") as directory:
        tree = Path(directory)
        copy_tree(tree)
        with console.status("the untouched driver"):
            for topology in sorted({m.topology for m in chosen}):
                cases = sorted({case for m in chosen if m.topology == topology for case in m.cases})
                code, output = run_cases(tree, cases, topology)
                if code:
                    console.print(output, markup=False)
                    console.print("the cases fail on the untouched driver; nothing can be said of mutants")
                    return 1
        table = Table("mutant", "noticed", "by", title="mutants of the driver")
        survivors = 0
        for mutant in chosen:
            with console.status(mutant.name):
                noticed, why = verdict(tree, mutant)
            survivors += not noticed
            table.add_row(mutant.name, "yes" if noticed else "[bold red]NO[/]", why)
        console.print(table)
        console.print(f"{len(chosen) - survivors} of {len(chosen)} noticed")
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
