"""The log lines, in the wording of the driver of each era."""

from __future__ import annotations

from dataclasses import dataclass

from bondimpl.era import Era
from bondimpl.machine import Speed


@dataclass(frozen=True, slots=True)
class Messages:
    """Log lines of one bond. Slaves are interface names, times are ms."""

    bond: str
    era: Era

    def plain(self, text: str) -> str:
        """A line about the bond itself."""
        return f"{self.bond}: {text}" if self.era.modern_log else f"bonding: {self.bond}: {text}"

    def _slave(self, slave: str, modern: str, old: str) -> str:
        if self.era.modern_log:
            return f"{self.bond}: (slave {slave}): {modern}"
        return f"bonding: {self.bond}: {old}"

    def enslaving(self, slave: str, *, active: bool, up: bool) -> str:
        state = "an active" if active else "a backup"
        link = "an up" if up else "a down"
        return self._slave(
            slave,
            f"Enslaving as {state} interface with {link} link",
            f"enslaving {slave} as {state} interface with {link} link.",
        )

    def releasing(self, slave: str, *, active: bool) -> str:
        state = "active" if active else "backup"
        return self._slave(slave, f"Releasing {state} interface", f"releasing {state} interface {slave}")

    def failing(self, slave: str, delay: int, *, active: bool) -> str:
        kind = "active " if active else ""
        return self._slave(
            slave,
            f"link status down for {kind}interface, disabling it in {delay} ms",
            f"link status down for {kind}interface {slave}, disabling it in {delay} ms.",
        )

    def up_again(self, slave: str, waited: int) -> str:
        return self._slave(
            slave,
            f"link status up again after {waited} ms",
            f"link status up again after {waited} ms for interface {slave}.",
        )

    def down(self, slave: str) -> str:
        return self._slave(
            slave,
            "link status definitely down, disabling slave",
            f"link status definitely down for interface {slave}, disabling it",
        )

    def returning(self, slave: str, delay: int) -> str:
        return self._slave(
            slave,
            f"link status up, enabling it in {delay} ms",
            f"link status up for interface {slave}, enabling it in {delay} ms.",
        )

    def down_again(self, slave: str, waited: int) -> str:
        return self._slave(
            slave,
            f"link status down again after {waited} ms",
            f"link status down again after {waited} ms for interface {slave}.",
        )

    def up(self, slave: str, speed: Speed) -> str:
        rate = f"{speed.mbit or 0} Mbps {speed.duplex or 'unknown'} duplex"
        return self._slave(
            slave,
            f"link status definitely up, {rate}",
            f"link status definitely up for interface {slave}.",
        )

    def heard_again(self, slave: str, *, alone: bool) -> str:
        """A load-balancing mode's ARP monitor; `alone`: no other slave is up."""
        if alone:
            return self._slave(
                slave, "link status definitely up", f"link status definitely up for interface {slave}."
            )
        return self._slave(slave, "interface is now up", f"interface {slave} is now up.")

    def silent(self, slave: str) -> str:
        return self._slave(slave, "interface is now down", f"interface {slave} is now down.")

    def answered(self, slave: str, *, leads: bool) -> str:
        """The ARP monitor of active-backup."""
        old = (
            f"{slave} is up and now the active interface."
            if leads
            else f"backup interface {slave} is now up."
        )
        return self._slave(slave, "link status definitely up", old)

    def unanswered(self, slave: str, *, active: bool) -> str:
        return self._slave(
            slave,
            "link status definitely down, disabling slave",
            f"link status down for active interface {slave}, disabling it"
            if active
            else f"backup interface {slave} is now down.",
        )

    def new_active(self, slave: str, earlier: int = 0) -> str:
        when = f" {earlier} ms earlier" if earlier else ""
        return self._slave(
            slave,
            f"making interface the new active one{when}",
            f"making interface {slave} the new active one{when}.",
        )

    def no_active(self) -> str:
        return self.plain("now running without any active interface!")

    def cannot_monitor(self, slave: str) -> str:
        text = (
            "MII and ETHTOOL support not available for {}, and arp_interval/arp_ip_target module parameters "
            "not specified, thus bonding will not detect link failures! see bonding.txt for details"
        )
        return self._slave(slave, text.format("slave"), f"Warning: {text.format(f'interface {slave}')}.")

    def address_stays(self, slave: str, mac: str) -> str:
        return self._slave(
            slave,
            f"the permanent HWaddr of slave - {mac} - is still in use by bond - "
            "set the HWaddr of slave to a different address to avoid conflicts",
            f"Warning: the permanent HWaddr of {slave} - {mac} - is still in use by {self.bond}. "
            f"Set the HWaddr of {slave} to a different address to avoid conflicts.",
        )

    def vlans_left(self) -> str:
        return self.plain(
            f"Warning: {self.bond} loses its address while it has VLANs. "
            "Once it has slaves again, see to it that the addresses of bond and VLANs agree."
        )

    def speed_unknown(self, slave: str) -> str:
        return self._slave(
            slave,
            "failed to get link speed/duplex",
            f"Warning: failed to get speed and duplex from {slave}, assumed to be 100Mb/sec and Full.",
        )

    def loopback(self, slave: str) -> str:
        advice = (
            "Check the configuration to verify that all adapters are connected to "
            "802.3ad compliant switch ports"
        )
        return self._slave(
            slave,
            f"An illegal loopback occurred on slave. {advice}",
            f"An illegal loopback occurred on adapter ({slave}). {advice}",
        )

    def no_response(self) -> str:
        text = "Warning: No 802.3ad response from the link partner for any adapters in the bond"
        return f"{self.bond}: {text}" if self.era.modern_log else f"bonding: {text}"
