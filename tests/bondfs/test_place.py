"""Where the tree may be put over the kernel's own."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from lab.bondfs.place import Place, PlaceRefused


def test_not_where_nobody_can_tell_whose_mounts_these_are(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def readlink(path: str) -> str:
        if path.startswith("/proc/1/"):
            raise PermissionError(13, "Permission denied", path)
        return "mnt:[1]"

    monkeypatch.setattr(os, "readlink", readlink)
    with pytest.raises(PlaceRefused) as refused:
        Place(tmp_path, tmp_path / "link").prepare()
    assert str(refused.value) == (
        "whether this mount namespace is the machine's cannot be told: /proc/1/ns/mnt: Permission denied; "
        "it takes the capability SYS_PTRACE, and /proc"
    )
