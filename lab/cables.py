"""Patch cables: two veth pairs joined in a namespace of their own, the patch panel, by nftables `fwd`.

      node A                  patch panel                   node B
      eth0 ----veth---- tap A  --nft fwd-->   tap B ----veth---- p1
                              <--nft fwd--

The device under test sees an ordinary NIC; everything that happens to the cable happens in the panel:
pulling it (both taps down: both devices lose carrier and stay administratively up), impairments (nft rules
before the `fwd`), detours (another interface of the panel to `fwd` to), a rate limit (tbf on the taps).

Link integrity. On copper a device loses carrier when the far one is switched off. So a tap is up exactly when
the cable is plugged and the device *at the other end* is administratively up. That is a rule without memory:
both devices down, in whatever order, cannot lock each other out.
"""

from __future__ import annotations

import errno
import itertools
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from lab.errors import LabBroken, LabError
from lab.interfaces import Interfaces
from lab.linkwatch import LinkState
from lab.nft import NftThread
from lab.nodes import run_in
from lab.topology import Cable, Port
from lab.waiting import TimeOut, eventually

SETTLE_S = 2.0
TBF_LATENCY_MS = 20
TBF_BURST_MS = 2.0
TBF_BURST_MIN_BYTES = 15_000


@dataclass
class End:
    """One end of a cable: the device at `port`, and the panel's interface `tap` that it is joined to."""

    port: Port
    tap: str
    device: Interfaces
    index: int
    chain: str  # of the frames that arrive from this end
    admin_up: bool = True
    tap_up: bool = False
    tell: Callable[[bool], None] | None = None  # a device that does not see its carrier by itself


@dataclass
class Panel:
    """The patch panel's namespace: process `pid`, its interfaces, its nft."""

    pid: int
    interfaces: Interfaces
    nft: NftThread
    serial: itertools.count[int] = field(default_factory=lambda: itertools.count(1))


class PatchCable:
    """A cable of a testbed. All methods may be called from any thread; they raise LabBroken, LabError."""

    def __init__(self, cable: Cable, panel: Panel, table: str, ends: tuple[End, End]) -> None:
        self.cable = cable
        self.name, self.a, self.b = cable.name, cable.a, cable.b
        self.plugged = True
        self.rate_mbit: float | None = None
        """The rate limit in force."""
        self.patch_pid = panel.pid
        self.before_link: list[Callable[[], None]] = []
        """Called just before the link comes up: no frame passes until they return."""
        self.after_link: list[Callable[[], None]] = []
        """Called just after."""
        self._panel = panel
        self._table = f"netdev {table}"
        self._ends = ends
        self._impairments: dict[
            str, dict[str, str]
        ] = {}  # key -> chain of the direction -> chain of the rules
        self._detours: dict[str, str] = {}  # chain of the direction -> interface of the panel
        self._lock = threading.RLock()

    def __repr__(self) -> str:
        return f"<PatchCable {self.name} {'plugged' if self.plugged else 'pulled'}>"

    # --- carrier

    def connect(self) -> None:
        """Bring the taps to where they belong, without waiting; the first time all are down."""
        with self._lock:
            self._apply()

    def pull(self) -> float:
        """Unplug it; on return neither device has a carrier. When that came about, monotonic seconds."""
        return self._set_plugged(False)

    def plug(self) -> float:
        """Plug it in; on return frames pass, unless a device is down. When that was, monotonic seconds."""
        return self._set_plugged(True)

    def carrier_of(self, port: Port, tell: Callable[[bool], None]) -> None:
        """Have the device at this end told of its carrier by `tell`, now and whenever it changes."""
        with self._lock:
            end = self._end(port)
            end.tell = tell
            tell(end.tap_up)

    def device_changed(self, end: End, _state: LinkState | None = None) -> None:
        """The device at `end` may have gone administratively up or down, or away: the far one follows."""
        with self._lock:
            up = _is_up_now(end)
            if end.admin_up != up:
                end.admin_up = up
                self._apply()

    def settle(self, within_s: float = SETTLE_S) -> None:
        """Wait until both devices see what they must see. Raises LabBroken when they do not."""
        try:
            eventually(self._settled, within=within_s, what=f"carrier of cable {self.name}", every=0.0005)
        except (TimeOut, OSError) as error:
            raise LabBroken(f"cable {self.name}: {error}") from error

    def _set_plugged(self, plugged: bool) -> float:
        with self._lock:
            self.plugged = plugged
            self._apply()
            at_s = time.monotonic()
        self.settle()
        return at_s

    def _apply(self) -> None:
        a, b = self._ends
        wanted = {a.tap: self.plugged and b.admin_up, b.tap: self.plugged and a.admin_up}
        comes_up = all(wanted.values()) and not (a.tap_up and b.tap_up)
        for hook in tuple(self.before_link) if comes_up else ():
            hook()
        for end in self._ends:
            if end.tap_up != wanted[end.tap]:
                end.tap_up = wanted[end.tap]
                self._panel.interfaces.set_up(end.tap, end.tap_up)
                if end.tell:
                    end.tell(end.tap_up)
        for hook in tuple(self.after_link) if comes_up else ():
            hook()

    def _settled(self) -> bool:
        a, b = self._ends
        linked = self.plugged and a.device.is_up(a.port.name) and b.device.is_up(b.port.name)
        if linked:
            return all(end.device.ready(end.port.name) for end in self._ends)
        return not any(end.device.carrier(end.port.name) for end in self._ends)

    # --- taps

    def tap(self, end: Port) -> str:
        """Name of the panel's interface behind `end` (in the namespace of `patch_pid`).

        A packet socket there sees as incoming what the device at `end` sent, before the impairments, and as
        outgoing what it is about to receive, after them.
        """
        return self._end(end).tap

    def _end(self, port: Port) -> End:
        for end in self._ends:
            if end.port == port:
                return end
        raise LabError(f"cable {self.name} runs {self.a} - {self.b}; it has no end {port}")

    # --- impairments

    def impair(self, key: str, rules: Sequence[str], *, from_node: str | None = None) -> None:
        """Put nft `rules` in the way of frames from `from_node` (None: both ways), replacing those of `key`.

        One transaction; frames that no rule touches, and the counters of other impairments, do not notice.
        A rule is text such as `meta protocol arp counter drop`.
        """
        chains = self._chains_from(from_node)
        with self._lock:
            new = {chain: f"i{next(self._panel.serial)}_{chain}" for chain in chains}
            old = self._impairments.get(key, {})
            script = [f"add chain {self._table} {name}" for name in new.values()]
            script += [f"add rule {self._table} {name} {rule}" for name in new.values() for rule in rules]
            script += self._rewire({**self._impairments, key: new}, old)
            self._panel.nft.run("\n".join(script))
            self._impairments[key] = new

    def heal(self, key: str) -> None:
        """Take the rules of `key` out of the way; none there is no error."""
        with self._lock:
            old = self._impairments.get(key)
            if old is not None:
                rest = {name: chains for name, chains in self._impairments.items() if name != key}
                self._panel.nft.run("\n".join(self._rewire(rest, old)))
                self._impairments = rest

    @property
    def impairments(self) -> tuple[str, ...]:
        """Keys of the impairments in force, oldest first."""
        return tuple(self._impairments)

    def rules_in_force(self, key: str) -> str:
        """What the kernel has for `key`, as nft prints it, with counters. Raises LabError if it has none."""
        listing = []
        for direction, chain in self._impairments.get(key, {}).items():
            if f"jump {chain}\n" in self._panel.nft.run(f"list chain {self._table} faults_{direction}"):
                listing.append(self._panel.nft.run(f"list chain {self._table} {chain}"))
        if not listing:
            raise LabError(f"cable {self.name}: no impairment {key!r} in force")
        return "".join(listing)

    def _rewire(self, impairments: dict[str, dict[str, str]], old: dict[str, str]) -> list[str]:
        script = [f"flush chain {self._table} faults_{end.chain}" for end in self._ends]
        for chains in impairments.values():
            script += [f"add rule {self._table} faults_{way} jump {chain}" for way, chain in chains.items()]
        script += [
            f'add rule {self._table} faults_{way} fwd to "{through}"'
            for way, through in self._detours.items()
        ]
        for chain in old.values():
            script += [f"flush chain {self._table} {chain}", f"delete chain {self._table} {chain}"]
        return script

    def _chains_from(self, node: str | None) -> tuple[str, ...]:
        chains = tuple(end.chain for end in self._ends if node in (None, end.port.node))
        if not chains:
            raise LabError(f"cable {self.name} runs {self.a} - {self.b}; it does not touch {node}")
        return chains

    # --- detours

    def detour(self, through: Mapping[Port, str]) -> None:
        """Lead what comes from each of these ends, after all impairments, into an interface of the panel.

        Whoever reads there hands it on to the other end's tap. Raises LabError.
        """
        with self._lock:
            new = {self._end(end).chain: device for end, device in through.items()}
            if taken := new.keys() & self._detours.keys():
                raise LabError(f"cable {self.name}: {', '.join(sorted(taken))} has a detour already")
            self._reroute({**self._detours, **new})
            for chain, device in new.items():
                if f'fwd to "{device}"' not in self._panel.nft.run(
                    f"list chain {self._table} faults_{chain}"
                ):
                    raise LabError(f"cable {self.name}: nft has no way to {device}")

    @property
    def detours(self) -> tuple[Port, ...]:
        """The ends from which frames go a detour."""
        return tuple(end.port for end in self._ends if end.chain in self._detours)

    def straighten(self, ends: Iterable[Port]) -> None:
        """End the detours of what comes from these ends: frames go straight again; none there is no error."""
        with self._lock:
            gone = {self._end(end).chain for end in ends}
            self._reroute({chain: device for chain, device in self._detours.items() if chain not in gone})

    def _reroute(self, detours: dict[str, str]) -> None:
        before, self._detours = self._detours, detours
        try:
            self._panel.nft.run("\n".join(self._rewire(self._impairments, {})))
        except LabError:
            self._detours = before
            raise

    # --- rate

    def limit(self, mbit: float | None) -> None:
        """Limit both directions to `mbit` Mbit/s (bits on layer 2); None lifts the limit."""
        for end in self._ends:
            if mbit is not None:
                burst = max(TBF_BURST_MIN_BYTES, int(mbit * 1e6 / 8 * TBF_BURST_MS / 1e3))
                shape = f"tbf rate {mbit * 1e6:.0f}bit burst {burst} latency {TBF_LATENCY_MS}ms"
                run_in(self.patch_pid, ("tc", "qdisc", "replace", "dev", end.tap, "root", *shape.split()))
            elif "tbf" in run_in(self.patch_pid, ("tc", "qdisc", "show", "dev", end.tap)):
                run_in(self.patch_pid, ("tc", "qdisc", "del", "dev", end.tap, "root"))
        self.rate_mbit = mbit


def _is_up_now(end: End) -> bool:
    """Asked of the device itself: the event that makes us ask may be an old one."""
    try:
        return end.device.is_up(end.port.name)
    except OSError as error:
        if error.errno != errno.ENODEV:
            raise
        return False  # the device is gone
