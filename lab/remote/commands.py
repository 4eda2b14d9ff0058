"""What a lab that is up can be told and asked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lab.bonding import Bonding
from lab.remote import view, words
from lab.remote.desk import FaultDesk
from lab.remote.server import Command, Request
from lab.testbed import Testbed


def of_lab(bed: Testbed, bonding: Bonding, desk: FaultDesk) -> Mapping[str, Command]:
    """By name: `fault` (word, target, amount, for_s), `heal` (number, or none for all), `targets` (of a
    word), `look`."""

    def fault(request: Request) -> Any:
        number = desk.apply(request["word"], request["target"], request.get("amount"), request.get("for_s"))
        return next(each for each in desk.in_force() if each["number"] == number)

    def heal(request: Request) -> Any:
        number = request.get("number")
        return desk.heal_all() if number is None else [desk.heal(number)]

    def look(_request: Request) -> Any:
        return view.look(bed, bonding, desk)

    def targets(request: Request) -> Any:
        return words.targets(bed, request["word"])

    return {"fault": fault, "heal": heal, "look": look, "targets": targets}
