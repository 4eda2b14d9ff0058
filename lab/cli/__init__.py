"""`bondlab`: one file a command, joined in `app`."""

from __future__ import annotations

from lab.cli.app import app, main

__all__ = ["app", "main"]
