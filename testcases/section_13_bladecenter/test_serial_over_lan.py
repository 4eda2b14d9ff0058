"""Serial over LAN shares eth0 with the bond, and nothing else (HOWTO section 13.1).

The console of a blade is its management controller's: frames with an address of its own, which leave by eth0
beneath the bond and end at the management module.
"""

from __future__ import annotations

from lab import frames
from lab.cases import (
    Bonding,
    Flow,
    Stream,
    StreamMaker,
    Testbed,
    behaviour,
    eventually,
    needs,
    never,
)
from lab.faults import CablePull
from testcases.bounds import detection, seconds
from testcases.wire import Wire

CONTROLLER, CONTROLLER_IP, MODULE_IP = "02:00:00:00:50:01", "10.0.9.1", "10.0.9.2"


def console(bed: Testbed) -> tuple[Stream, Stream]:
    """The session's frames from the blade's eth0 to the management module, and back."""
    blade, module = (bed.host("host"), "eth0"), (bed.host("management"), "eth0")
    there = Flow(module[0].mac("eth0"), CONTROLLER_IP, MODULE_IP, src_mac=CONTROLLER, rate_pps=200)
    back = Flow(CONTROLLER, MODULE_IP, CONTROLLER_IP, rate_pps=200)
    return Stream(blade, module, there), Stream(module, blade, back)


def is_of_console(frame: bytes) -> bool:
    """Whether it is from or to the management controller."""
    return CONTROLLER in (frames.src_mac(frame), frames.dst_mac(frame))


@behaviour("13.1.sol.eth0-loss-drops-session", "13.1.sol.no-failover")
@needs(traits=("chassis",), roles=("management",))
def test_the_console_is_lost_with_eth0_and_does_not_move(
    bed: Testbed, bonded: Bonding, stream: StreamMaker, wire: Wire
) -> None:
    """Steps: a console session and traffic over the bond; eth0 loses its link for a second and a half (the
    catalogue asks for a minute), then has it again.

    Verify: meanwhile the session is dead both ways while the traffic goes on over eth1, by which no frame of
    the console leaves; afterwards the session lives again.
    """
    bond = bonded("active-backup", miimon=100)
    typed, printed = console(bed)
    with stream("out") as out, typed, printed:
        for each in (out, typed, printed):
            each.wait_flowing()
        wire.mark()
        with CablePull(bed, bed.slave_cable(0)):
            eventually(lambda: bond.status().active == "eth1", within=seconds(detection()))
            out.wait_flowing()
            arrivals = typed.from_now_on(), printed.from_now_on()
            never(
                lambda: any(arrived() for arrived in arrivals),
                during=1.5,
                what="the console lives",
                every=0.02,
            )
            out.wait_flowing()
            assert wire.left_by("eth1")
            assert not wire.left_by("eth1", is_of_console)
        typed.wait_flowing()
        printed.wait_flowing()
