"""Taking a NIC from the host stack and giving it back, also after a crash."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from bondimpl.errors import BondError
from bondimpl.frames.ethernet import format_mac, parse_mac
from bondimpl.runtime import ipv6
from bondimpl.runtime.journal import Journal, Original
from bondimpl.runtime.links import Link, Links
from bondimpl.runtime.ports import Port
from bondimpl.runtime.shield import Built, Shield


class Takeover:
    """Shields slaves from the host stack, with the journal kept one step ahead."""

    def __init__(self, links: Links, shield: Shield, journal: Journal) -> None:
        self._links = links
        self._shield = shield
        self._journal = journal

    def take(self, link: Link) -> None:
        """Shield an interface that will be changed. Raises MachineError; nothing has changed then."""
        original = Original(
            index=link.index,
            name=link.name,
            mac=format_mac(link.mac),
            mtu=link.mtu,
            up=link.up,
            ipv6_off=ipv6.is_off(link.name),
        )

        def note(built: Built) -> None:
            self._journal.note(dataclasses.replace(original, shield=built))

        try:
            built = self._shield.put_up(link.index, link.name, note)
        except BondError:
            self._journal.forget(link.index)
            raise
        try:
            ipv6.set_off(link.name, True)
        except BondError:
            self._shield.take_down(link.index, link.name, built)
            self._journal.forget(link.index)
            raise

    def give_back(self, port: Port) -> None:
        """Remove the shield; the bond has set address, MTU and state. Raises MachineError."""
        original = self._journal.get(port.index)
        if original is None:
            return
        name = port.current_name()
        if name is not None:
            self._unshield(original, name)
        self._journal.forget(port.index)

    def rescue(self, port: Port) -> None:
        """Make an interface what it was, from the journal alone. Raises MachineError."""
        original, link = self._journal.get(port.index), port.link()
        if original is not None and link is not None:
            self._restore(original, link.name)
        self._journal.forget(port.index)

    def repair(self, say: Callable[[str], None]) -> None:
        """Give back what a daemon that was killed had taken."""
        for original in self._journal.read():
            self._journal.note(original)
            link = self._links.by_index(original.index)
            if link is None:
                say(f"{original.name}: slave of a bondd that was killed; gone since")
                self._journal.forget(original.index)
                continue
            try:
                self._restore(original, link.name)
            except BondError as error:
                say(f"{link.name}: slave of a bondd that was killed; not restored: {error}")
                continue
            self._journal.forget(original.index)
            say(f"{link.name}: slave of a bondd that was killed; restored")

    def _restore(self, original: Original, name: str) -> None:
        # Down first, so that the host stack has no use for it until it is itself again.
        self._links.set_up(original.index, name, False)
        self._links.set_mac(original.index, name, parse_mac(original.mac))
        self._links.set_mtu(original.index, name, original.mtu)
        self._unshield(original, name)
        if original.up:
            self._links.set_up(original.index, name, True)

    def _unshield(self, original: Original, name: str) -> None:
        if original.shield is not None:
            self._shield.take_down(original.index, name, original.shield)
        if original.ipv6_off is not None:
            ipv6.set_off(name, original.ipv6_off)
