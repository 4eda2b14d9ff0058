"""bondimpl's exceptions. Each carries the errno name with which the real driver would refuse."""

from __future__ import annotations


class BondError(Exception):
    """Root: a request that was refused. Nothing has been changed."""

    def __init__(self, text: str, errno: str = "EINVAL") -> None:
        super().__init__(text)
        self.errno = errno


class OptionError(BondError):
    """An option's name or value is not acceptable: which option, what was given, what is allowed."""

    def __init__(self, option: str, value: object, allowed: str, errno: str = "EINVAL") -> None:
        super().__init__(f"option {option}: {value!r} is not possible; {allowed}", errno)
        self.option = option


class UnknownOption(BondError):
    """There is no option of that name."""

    def __init__(self, option: str, hint: str) -> None:
        super().__init__(f"there is no option {option!r}{hint}", "ENOENT")
        self.option = option


class SlaveError(BondError):
    """An interface cannot be enslaved, released or made active."""


class MachineError(BondError):
    """The machine refused: no permission, no /dev/net/tun, interface vanished ..."""
