"""Faults as context managers: each proves that it took effect, is on the timeline, and heals on exit.

with CablePull(bed, bed.slave_cable(0)) as fault:
    ...                     # fault.at: seconds (monotonic) when it took effect
    fault.heal()            # earlier than the end of the block, where wanted
"""

from __future__ import annotations

from lab.faults.base import Fault
from lab.faults.forwarding import ForwardingDelay
from lab.faults.groups import Grouped, LacpOff, NoPortGroup, PortGroup, XorDistribution
from lab.faults.lines import Bandwidth, Delay, UnequalDelays
from lab.faults.pulls import CablePull, Flap, Flaps, IslCut, PowerOff, RemotePortFail
from lab.faults.routes import RouteConflict
from lab.faults.rules import ArpLoss, Blackhole, FrameLoss, Impairment, LacpLoss, TargetDown
from lab.faults.speed import SpeedMismatch, speed_nics

__all__ = [
    "ArpLoss",
    "Bandwidth",
    "Blackhole",
    "CablePull",
    "Delay",
    "Fault",
    "Flap",
    "Flaps",
    "ForwardingDelay",
    "FrameLoss",
    "Grouped",
    "Impairment",
    "IslCut",
    "LacpLoss",
    "LacpOff",
    "NoPortGroup",
    "PortGroup",
    "PowerOff",
    "RemotePortFail",
    "RouteConflict",
    "SpeedMismatch",
    "TargetDown",
    "UnequalDelays",
    "XorDistribution",
    "speed_nics",
]
