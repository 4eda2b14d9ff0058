"""The lab's exceptions: each says whose fault it is, what was tried and what to do."""


class LabError(Exception):
    """Root of everything the lab raises on purpose."""


class TopologyError(LabError):
    """A topology contradicts itself, or does not have what was asked of it."""


class LabBroken(LabError):
    """The laboratory itself is at fault (cabling, tools, rights), not the driver under test."""


class DriverDied(LabError):
    """The driver under test has crashed, or ended by itself: its own fault, whatever was asked of it."""


class DriverLacks(LabError):
    """The driver under test has nothing of the kind: the case cannot be run on it, and says nothing of it."""


class DriverRefused(LabError):
    """The driver under test refused a request; `text` is its own message."""

    def __init__(self, request: str, text: str) -> None:
        super().__init__(f"{request}: {text}")
        self.request = request
        self.text = text
