"""The case that README shows runs as it is shown."""

from __future__ import annotations

import re
from pathlib import Path

from tests.lab_live.commands import run

README = Path(__file__).parents[2] / "README.md"


def test_the_case_of_the_readme(tmp_path: Path) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", README.read_text(), re.S)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    # In the project it is testcases/conftest.py that has the fixture.
    (tmp_path / "conftest.py").write_text("from testcases.conftest import wire\n")
    (tmp_path / "test_mine.py").write_text(code)
    done = run(tmp_path, "--topo=single_switch")
    assert "1 passed" in done.stdout, done.stdout + done.stderr
    (promised,) = re.findall(r"Write a case in (\d+) lines", README.read_text())
    assert len([line for line in code.splitlines() if line]) == int(promised)
