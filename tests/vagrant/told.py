"""What the project's Vagrantfile says, and what Vagrant says of it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
VAGRANTFILE = ROOT / "Vagrantfile"
RECORDER = Path(__file__).with_name("recorder.rb")

needs_vagrant = pytest.mark.skipif(
    not shutil.which("vagrant"), reason="no vagrant here: contrib/vagrant-setup.sh installs it"
)
needs_ruby = pytest.mark.skipif(
    not shutil.which("ruby"), reason="no ruby here: contrib/vagrant-setup.sh installs it, with vagrant"
)

Rows = list[tuple[str, list[Any], dict[str, Any]]]


def _environment(**more: str) -> Mapping[str, str]:
    clean = {
        name: value for name, value in os.environ.items() if not name.startswith(("BONDLAB_", "VAGRANT"))
    }
    return {**clean, **more}


def evaluated(**environment: str) -> subprocess.CompletedProcess[str]:
    """The recorder's run under that environment."""
    argv = ["ruby", str(RECORDER), str(VAGRANTFILE)]
    return subprocess.run(argv, env=_environment(**environment), capture_output=True, text=True, timeout=60)


def rows(**environment: str) -> Rows:
    """What it says, in order: path of the setting, its arguments, its named ones."""
    done = evaluated(**environment)
    assert not done.returncode, done.stderr
    return [(path, arguments, options) for path, arguments, options in json.loads(done.stdout)]


def setting(told: Rows, path: str) -> Any:
    """The one value given to that setting."""
    (value,) = (arguments[0] for at, arguments, _ in told if at == path)
    return value


@cache
def _has_libvirt() -> bool:
    argv = ["vagrant", "plugin", "list"]
    return "vagrant-libvirt" in subprocess.run(argv, capture_output=True, text=True, timeout=60).stdout


def validated(directory: Path, provider: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """`vagrant validate` of the Vagrantfile in that directory, which also gets Vagrant's own files.

    Vagrant looks only at the provider that would be used, and only if it is there. Of VirtualBox it asks the
    version, and then looks at the settings by itself.
    """
    if provider == "libvirt" and not _has_libvirt():
        pytest.skip("this vagrant has no plugin for libvirt: contrib/vagrant-setup.sh installs it")
    stub = directory / "bin" / "VBoxManage"
    stub.parent.mkdir(exist_ok=True)
    stub.write_text("#!/bin/sh\necho 7.0.20r163906\n")
    stub.chmod(0o755)
    own = {
        "PATH": f"{stub.parent}:{os.environ['PATH']}",
        "HOME": str(directory),
        "VAGRANT_HOME": str(directory / "home"),
        "VAGRANT_CHECKPOINT_DISABLE": "1",
        "VAGRANT_DEFAULT_PROVIDER": provider,
    }
    return subprocess.run(
        ["vagrant", "validate", "--no-color"],
        cwd=directory,
        env=_environment(**own, **environment),
        capture_output=True,
        text=True,
        timeout=120,
    )
