"""Tools of the time before this driver (HOWTO, introduction)."""

from __future__ import annotations

import sys

import pytest

from lab.cases import BondDriver, Testbed, behaviour, eventually, needs
from testcases.section_03_configuration.by_hand import bond_and_nic_down

OLD_REQUEST, REQUEST = 0x89F0, 0x8990
"""SIOCDEVPRIVATE, with which the first ifenslave enslaved, and SIOCBONDENSLAVE, which came after it."""

ASK = """
import fcntl, socket, struct, sys
asked = struct.pack("16s16s8x", b"bond0", b"eth0")
try:
    fcntl.ioctl(socket.socket(socket.AF_INET, socket.SOCK_DGRAM), int(sys.argv[1]), asked)
except OSError as error:
    sys.exit(f"refused: {error.strerror}")
"""


@behaviour("0.lineage.legacy-tools")
@pytest.mark.parametrize("request_number", [OLD_REQUEST, REQUEST])
@needs(slaves=2, once=True)
def test_the_request_of_an_old_tool_leaves_nothing_half_done(
    bed: Testbed, driver: BondDriver, request_number: int
) -> None:
    """Steps: have eth0 enslaved by the ioctl of an old ifenslave, which tells no version; then as it is due.

    Verify: there is an error, with bond and eth0 as they were, or eth0 is a slave in every way; in the end
    it is a slave, up, whose address the bond has.
    """
    bond, host = bond_and_nic_down(bed, driver), bed.host("host")
    bond.set_up(True)
    before = host.mac("eth0"), bond.mac(), bond.status().slave_names
    done = host.run([sys.executable, "-c", ASK, str(request_number)], check=False)
    if done.returncode:
        assert "refused: " in done.stderr
        assert (host.mac("eth0"), bond.mac(), bond.status().slave_names) == before
        assert "UP" not in host.run(["ip", "-br", "link", "show", "dev", "eth0"]).stdout.split()[1:2]
        bond.enslave("eth0")
    assert bond.status().slave_names == ("eth0",)
    assert bond.mac() == before[0]
    eventually(lambda: bond.status().active == "eth0", within=2.0)
