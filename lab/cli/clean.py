"""`bondlab clean`: what killed runs have left."""

from __future__ import annotations

from lab.errors import LabBroken


def clean() -> None:
    """Remove what runs that were killed have left on this machine. Runs that are alive are not touched."""
    from lab import runs

    try:
        done = runs.clean_stale()
    except PermissionError as error:
        raise LabBroken(f"{error.filename}: {error.strerror}: run this with sudo") from error
    for line in done:
        print(f"cleaned {line}")
    if not done:
        print("nothing to clean: no run has left anything")
    if any("FAILED" in line for line in done):
        raise LabBroken("not everything could be cleaned; see above")
