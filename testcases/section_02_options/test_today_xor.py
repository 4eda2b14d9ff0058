"""Today's drivers: which slave `xmit_hash_policy` layer2 picks, in place of the XOR of the addresses."""

from __future__ import annotations

import pytest

from lab import frames
from lab.cases import Bonding, differs, needs
from testcases.bursts import carried, nic_of_peer, numbered, peers_like
from testcases.wire import Wire

IPV4 = 0x0800
"""EtherType of the frames of a burst."""


@differs("2.mode.balance-xor.formula", "12.1.1.802.3ad.xor-of-macs")
@needs(slaves=3, switch=False, once=True)
@pytest.mark.parametrize("mode", ["balance-xor", "802.3ad"])
def test_the_ethertype_counts_in_the_hash(bonded: Bonding, wire: Wire, mode: str) -> None:
    """Steps: with three slaves send one frame to each of 16 peers, as in the HOWTO's case.

    Verify: the slave's number is (last byte of the source XOR that of the destination XOR the EtherType)
    modulo three.
    """
    bond = bonded(mode, slaves=3, miimon=100)
    source = bond.host.mac(bond.name)
    peers = peers_like(source)
    found = nic_of_peer(carried(wire, bond, numbered(bond, peers, len(peers))))
    last = frames.mac_bytes(source)[5]
    assert found == {peer: {bond.host.nics[(last ^ frames.mac_bytes(peer)[5] ^ IPV4) % 3]} for peer in peers}
