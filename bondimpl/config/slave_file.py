"""The file of a slave as HOWTO section 3.1 wants it, made of the one that YaST wrote for DHCP."""

from __future__ import annotations

from bondimpl.config import shell
from bondimpl.config.faults import Faults

_SET = {"BOOTPROTO": "none", "STARTMODE": "off"}
_KEPT = ("UNIQUE", "_nm_name")


def slave_file(file: str, text: str) -> str:
    """The new text: no address, started by the bond, UNIQUE and _nm_name byte for byte, nothing else.

    Raises ConfigError where `file` is not one of assignments, is that of a bond or a VLAN, or those two are
    not lines of their own.
    """
    faults = Faults()
    items = shell.assignments(file, text, faults)
    for key, item in items.items():
        if key.startswith("BONDING_") or key == "ETHERDEVICE":
            faults.add(item, "not in the file of a NIC that is to be a slave")
    written = text.split("\n")
    kept = []
    for key in _KEPT:
        if key not in items:
            continue
        line = written[items[key].line - 1]
        if line.rstrip("\r").endswith("\\"):
            faults.add(items[key], "goes on in another line; write it in one")
        kept.append(line)
    faults.check()
    return "".join(f"{line}\n" for line in [*(f"{key}='{word}'" for key, word in _SET.items()), *kept])
