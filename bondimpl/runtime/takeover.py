"""Taking a NIC from the host stack and giving it back, also after a crash."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from bondimpl.errors import BondError, MachineError
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
        left = self._journal.get(link.index)
        if left is not None and self._is_ours(left, link):
            # As it is now is not as it was: what the journal knows of it must not be replaced.
            raise MachineError(
                f"{link.name}: it could not be given back earlier; restart bondd to try again",
                "EBUSY",
            )
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

    def set_mac(self, port: Port, mac: bytes) -> None:
        """Give a slave an address, by which it can be known for one of ours later. Raises MachineError."""
        original, text = self._journal.get(port.index), format_mac(mac)
        if original is not None and text not in (original.mac, original.given_mac):
            self._journal.note(dataclasses.replace(original, given_mac=text))
        port.set_mac(mac)

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
        """Give back what a daemon that was killed had taken; what cannot be is kept for the next start.

        Raises MachineError when the journal cannot be written.
        """
        for original in self._journal.load(say):
            try:
                outcome = self._repair(original)
            except BondError as error:
                say(f"{original.name}: slave of a bondd that was killed; not restored: {error}")
                continue
            self._journal.forget(original.index)
            say(outcome)

    def _repair(self, original: Original) -> str:
        link = self._links.by_index(original.index)
        if link is None:
            return f"{original.name}: slave of a bondd that was killed; gone since"
        if not self._is_ours(original, link):
            return f"{link.name}: slave of a bondd that was killed; not ours any more, left alone"
        self._restore(original, link.name)
        return f"{link.name}: slave of a bondd that was killed; restored"

    def _is_ours(self, original: Original, link: Link) -> bool:
        """Whether it still bears our mark: an index alone may be another interface's by now."""
        if original.given_mac is not None and link.mac == parse_mac(original.given_mac):
            return True
        return original.shield is not None and self._shield.is_up(link.index, link.name, original.shield)

    def _restore(self, original: Original, name: str) -> None:
        # Down first, so that the host stack has no use for it until it is itself again.
        self._links.set_up(original.index, name, False)
        self._links.set_mac(original.index, name, parse_mac(original.mac))
        self._links.set_mtu(original.index, name, original.mtu)
        if original.up:
            self._links.set_up(original.index, name, True)
        self._unshield(original, name)

    def _unshield(self, original: Original, name: str) -> None:
        if original.ipv6_off is not None:
            ipv6.set_off(name, original.ipv6_off)
        # Last: it is the mark by which a restoration that was cut short can be ended by the next start.
        if original.shield is not None:
            self._shield.take_down(original.index, name, original.shield)
