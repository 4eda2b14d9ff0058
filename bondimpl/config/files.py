"""Configuration files from the disk, and to it."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path

from bondimpl.config.faults import ConfigError, Fault, Files
from bondimpl.errors import BondError

_PLACES = (
    "etc/modules.conf",
    "etc/modprobe.conf",
    "etc/modprobe.conf.local",
    "etc/modprobe.d/*.conf",
    "etc/sysconfig/network/ifcfg-*",
    "etc/sysconfig/network-scripts/ifcfg-*",
    "etc/init.d/boot.local",
    "etc/rc.d/rc.local",
    "etc/network/interfaces",
    "etc/network/interfaces.d/*",
    "etc/systemd/network/*",
    "etc/netplan/*",
)
"""Where files of interest are in a root."""
_BACKUPS = ("~", ".bak", ".orig", ".rpmsave", ".rpmnew", ".swp")
_MAX_BYTES = 1 << 20


def load(path: Path) -> Files:
    """The files of PATH: a file, a directory, or a root (which holds `etc`). Raises BondError."""
    if path.is_file():
        return {str(path): read(path)}
    if not path.is_dir():
        raise BondError(f"{path}: there is no such file or directory", "ENOENT")
    found = {str(file): read(file) for file in sorted(_files(path)) if _counts(file)}
    if not found:
        raise BondError(f"{path}: no configuration files there", "ENOENT")
    return found


def _files(path: Path) -> Iterator[Path]:
    if (path / "etc").is_dir():
        for place in _PLACES:
            yield from path.glob(place)
    else:
        yield from path.iterdir()
        yield from path.glob("*.d/*")


def _counts(file: Path) -> bool:
    return file.is_file() and not file.name.endswith(_BACKUPS) and not file.name.startswith(".")


def read(file: Path) -> str:
    """The text of one file. Raises BondError."""
    try:
        data = file.read_bytes()
    except OSError as error:
        raise BondError(f"{file}: {error.strerror}", "EIO") from error
    if len(data) > _MAX_BYTES:
        raise ConfigError(Fault(str(file), 1, "file", f"larger than {_MAX_BYTES} bytes"))
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise ConfigError(Fault(str(file), line, "text", "not UTF-8")) from error


def save(texts: Mapping[str, str], directory: Path) -> None:
    """Write files into a directory, which is made when it is not there. Raises BondError."""
    try:
        directory.mkdir(parents=True, exist_ok=True)
        for name, text in texts.items():
            if "/" in name:
                raise BondError(f"{name!r} cannot be the name of a file")
            _replace((directory / name).resolve(), text)
    except OSError as error:
        raise BondError(f"{directory}: {error.strerror}", "EIO") from error


def _replace(file: Path, text: str) -> None:
    """What is there stays whole until all is written; owner and mode stay. Raises OSError."""
    new = file.with_name(f".{file.name}.new")
    try:
        with new.open("w") as out:
            if file.exists():
                was = file.stat()
                os.fchown(out.fileno(), was.st_uid, was.st_gid)
                os.fchmod(out.fileno(), stat.S_IMODE(was.st_mode))
            out.write(text)
        new.replace(file)
    finally:
        new.unlink(missing_ok=True)
