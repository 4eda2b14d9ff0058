"""How a request ends that is not done, with the exit status that `ip` has for it."""

from __future__ import annotations


class Refused(Exception):
    """`status` is 255 for a wrong command line, 1 for a device that is not there, 2 for a refusal."""

    def __init__(self, text: str, status: int) -> None:
        super().__init__(text)
        self.status = status


def wrong(value: str, why: str) -> Refused:
    """An argument is not acceptable."""
    return Refused(f'Error: argument "{value}" is wrong: {why}', 255)


def incomplete() -> Refused:
    """A word has no value after it."""
    return Refused('Command line is not complete. Try option "help"', 255)


def no_device(name: str) -> Refused:
    """There is no interface of that name."""
    return Refused(f'Cannot find device "{name}"', 1)


def answers(text: str) -> Refused:
    """What the driver refuses."""
    return Refused(f"Error: {text}.", 2)
