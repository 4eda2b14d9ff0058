"""Open vSwitch for one switch: a database server and a switch daemon of its own, in the switch's namespace.

Nothing is shared with an Open vSwitch that the machine may run: database, sockets and logs are the run's, and
frames are forwarded by the daemon itself, so no kernel module takes part.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lab.errors import LabBroken, LabError
from lab.hosts.namespace import search_path
from lab.waiting import TimeOut, eventually

Command = Sequence[str]
"""A command of ovs-vsctl, in words."""

SCHEMA = "share/openvswitch/vswitch.ovsschema"  # beside the directory of the programs
WITHIN_S = 15
"""How long the switch daemon may take to carry out a change of the database."""


class Daemons:
    """The two daemons of the switch `name`, whose namespaces process `pid` is in.

    Their files are in a directory of their own below `run_dir`, which `stop` removes; what they log is not.
    """

    def __init__(self, name: str, pid: int, run_dir: Path, log_dir: Path) -> None:
        self.name = name
        self._pid = pid
        self._log_dir = log_dir
        directory = self._directory = Path(tempfile.mkdtemp(prefix=f"{name}-ovs-", dir=run_dir))
        self._database = f"unix:{directory}/db.sock"
        self._control = directory / "vswitchd.ctl"
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        # Where Open vSwitch would look for, or leave, the files that are named nowhere below.
        places = dict.fromkeys(("OVS_RUNDIR", "OVS_LOGDIR", "OVS_DBDIR", "OVS_SYSCONFDIR"), str(directory))
        self._env = {**os.environ, **places, "PATH": search_path()}

    def start(self) -> None:
        """Start both; the database is empty. Raises LabBroken."""
        try:
            self._run("ovsdb-tool", "create", f"{self._directory}/conf.db", str(_schema()))
            control = f"--unixctl={self._directory}/db.ctl"
            self._start("ovsdb-server", f"{self._directory}/conf.db", f"--remote=p{self._database}", control)
            # When nobody listens yet, ovs-vsctl tries again after a whole second: let it come a moment later.
            there = (self._directory / "db.sock").exists
            eventually(there, WITHIN_S, what=f"{self.name}: ovsdb-server's socket", every=0.001)
            self._run("ovs-vsctl", f"--db={self._database}", "--retry", f"-t{WITHIN_S}", "--no-wait", "init")
            self._start("ovs-vswitchd", self._database, f"--unixctl={self._control}")
        except (LabError, TimeOut) as error:
            raise LabBroken(f"{error}{self._last_words()}") from error

    def change(self, *commands: Command) -> None:
        """Carry out commands of ovs-vsctl as one transaction; on return they are in force. Raises LabError.

        Raises LabBroken when the daemons are not there, or do not do it within WITHIN_S.
        """
        self._vsctl(*(word for command in commands for word in ("--", *command)))

    def column(self, table: str, column: str) -> dict[str, Any]:
        """That column of the database's table, by the records' names. Raises LabError, LabBroken."""
        text = self._vsctl("--format=json", f"--columns=name,{column}", "list", table)
        return dict(json.loads(text)["data"])

    def ask(self, *command: str) -> str:
        """What the switch daemon answers to a command of ovs-appctl. Raises LabError, LabBroken."""
        return self._tell("ovs-appctl", "-t", str(self._control), f"-T{WITHIN_S}", *command)

    def _vsctl(self, *words: str) -> str:
        return self._tell("ovs-vsctl", f"--db={self._database}", f"-t{WITHIN_S}", *words)

    def _tell(self, *argv: str) -> str:
        try:
            return self._run(*argv)
        except LabError as error:
            self._check_alive(error)
            raise

    def stop(self) -> None:
        """End both, at once: they have nothing to say farewell to. A second time, nothing."""
        for daemon in self._running.values():
            daemon.kill()
            daemon.wait()
        self._running.clear()
        shutil.rmtree(self._directory, ignore_errors=True)

    def _start(self, program: str, *arguments: str) -> None:
        log = self._log_dir / f"{self.name}-{program}.log"
        argv = ["mnexec", "-a", str(self._pid), program, "--no-chdir", "-vconsole:info", *arguments]
        with log.open("wb") as out:
            self._running[program] = subprocess.Popen(
                argv,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                env=self._env,
                start_new_session=True,
            )

    def _run(self, *argv: str) -> str:
        """Standard output; anything on standard error is a failure too: so ovs-vsctl tells of bad ports."""
        try:
            done = subprocess.run(argv, env=self._env, capture_output=True, text=True)
        except FileNotFoundError as error:
            raise LabBroken(f"no program {argv[0]}: run ./setup.sh") from error
        if done.returncode or done.stderr:
            said = " ".join(done.stderr.split()) or f"status {done.returncode}"
            raise LabError(f"{self.name}: {said}")
        return done.stdout

    def _check_alive(self, error: LabError) -> None:
        for program, daemon in self._running.items():
            if daemon.poll() is not None:
                ended = f"{self.name}: {program} ended with status {daemon.returncode}"
                raise LabBroken(f"{ended} ({error}){self._last_words()}") from error

    def _last_words(self) -> str:
        logs = [self._log_dir / f"{self.name}-{program}.log" for program in self._running]
        lines = [line for log in logs for line in log.read_text(errors="replace").splitlines()[-5:]]
        return "".join(f"\n  {line}" for line in lines)


def _schema() -> Path:
    """The database schema that came with the programs. Raises LabBroken."""
    program = shutil.which("ovs-vswitchd", path=search_path())
    if program is None:
        raise LabBroken("no program ovs-vswitchd: run ./setup.sh")
    schema = Path(program).parent.parent / SCHEMA
    if not schema.is_file():
        raise LabBroken(f"no {schema}: run ./setup.sh")
    return schema
