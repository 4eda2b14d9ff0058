"""The machine's end of a guest's serial line, with a guest that misses what comes."""

from __future__ import annotations

import json
import socket
import threading

import pytest

from lab.errors import LabBroken
from lab.hosts.uml import channel
from lab.hosts.uml.channel import Channel


@pytest.mark.parametrize(("missed", "heard"), [(1, True), (2, True), (99, False)])
def test_a_guest_that_missed_a_request_is_told_that_there_is_one(
    monkeypatch: pytest.MonkeyPatch, missed: int, heard: bool
) -> None:
    """It reads all there is, but only after so many more pieces have come."""
    monkeypatch.setattr(channel, "NUDGE_S", 0.05)
    monkeypatch.setattr(channel, "ANSWER_S", 0.5)
    ours, theirs = socket.socketpair()

    def guest() -> None:
        pieces = []
        while piece := theirs.recv(4096):
            pieces.append(piece)
            if len(pieces) == missed + 1:
                (request,) = (json.loads(line) for line in b"".join(pieces).splitlines() if line)
                theirs.sendall(json.dumps({"answer": request["id"], "result": "here"}).encode() + b"\n")

    deaf = threading.Thread(target=guest)
    deaf.start()
    line = Channel("guest1", ours, lambda _nic, _up: None, lambda: "its console is empty")
    try:
        if heard:
            assert line.ask("link", name="eth0") == "here"
        else:
            with pytest.raises(LabBroken, match=r"guest1: no answer to 'link' within 0\.5 s from the guest"):
                line.ask("link", name="eth0")
    finally:
        line.close()
        deaf.join()
        theirs.close()
