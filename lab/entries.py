"""YAML files that are lists of entries with an `id`, read and checked."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, TypeAdapter, ValidationError

from lab.errors import LabError

Entry = TypeVar("Entry", bound=BaseModel)


def read_entries(path: Path, kind: type[Entry], what: str, error: type[LabError]) -> tuple[Entry, ...]:
    """The entries, in the order of the file. Raises `error` naming `what`, or the entry that is wrong."""
    try:
        # The C loader reads a file in a tenth of the time; not every build of PyYAML has it.
        loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        raw = yaml.load(path.read_text(), Loader=loader)
        return TypeAdapter(tuple[kind, ...]).validate_python(raw)  # type: ignore[valid-type]
    except (OSError, yaml.YAMLError) as cause:
        raise error(f"cannot read {what}: {cause}") from cause
    except ValidationError as cause:
        first = cause.errors()[0]
        number, *field = first["loc"] or ("",)
        entry = raw[number] if isinstance(number, int) else None
        name = entry.get("id", f"entry {number}") if isinstance(entry, dict) else f"entry {number}"
        raise error(f"{path.name}: {name}: {'.'.join(map(str, field))}: {first['msg']}") from cause
