"""nftables rules of a static trunk group: frames of the members go to a stub port of the bridge, and back.

      member p1 --\\                              +--------+
                   >-- nft fwd -- inner ~veth~ group port |
      member p2 --/                              | bridge |

The bridge never sends a frame back to the port it came from, so no member hears another member's frames.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from lab.switches.base import GroupPolicy

_LAST_DIGIT = "00:00:00:00:00:0f"


def inner_end(group: str) -> str:
    """Name of the stub's end that faces the members."""
    return f"{group}-in"


def table_of(group: str) -> str:
    """nft's name of the table of a group."""
    return f"netdev trunk_{group}"


def new_table(group: str, ports: Sequence[str]) -> str:
    """Script that makes the group's table: every member and the stub cut off until `wire` joins them."""
    chains = {chain_in(ports, port): port for port in ports} | {"out": inner_end(group)}
    lines = [
        f'  chain {chain} {{ type filter hook ingress device "{device}" priority 0; policy drop; }}'
        for chain, device in chains.items()
    ]
    return "\n".join([f"table {table_of(group)} {{", *lines, "}"])


def wire(group: str, ports: Sequence[str], active: Sequence[str], policy: GroupPolicy) -> str:
    """Script that joins exactly the `active` members to the stub, in one transaction."""
    table = table_of(group)
    lines = [f"flush chain {table} {chain_in(ports, port)}" for port in ports]
    lines += [f'add rule {table} {chain_in(ports, port)} fwd to "{inner_end(group)}"' for port in active]
    lines.append(f"flush chain {table} out")
    if len(active) == 1:
        lines.append(f'add rule {table} out fwd to "{active[0]}"')
    elif active:
        lines += [f"add rule {table} out {rule}" for rule in SPREAD[policy](active)]
    return "\n".join(lines)


def chain_in(ports: Sequence[str], port: str) -> str:
    """Chain of the frames that arrive at a member."""
    return f"in{ports.index(port)}"


def _xor_mac(active: Sequence[str]) -> list[str]:
    """(source XOR destination) modulo the number of members, of the last hexadecimal digit of the addresses.

    nft cannot compute an exclusive or of two fields, but it can look a pair of them up: 16 times 16 rows.
    """
    rows = ", ".join(
        f'00:00:00:00:00:{src:02x} . 00:00:00:00:00:{dst:02x} : "{active[(src ^ dst) % len(active)]}"'
        for src in range(16)
        for dst in range(16)
    )
    return [f"fwd to (ether saddr & {_LAST_DIGIT}) . (ether daddr & {_LAST_DIGIT}) map {{ {rows} }}"]


def _xor_ip(active: Sequence[str]) -> list[str]:
    """A hash of the IPv4 addresses; frames without them as in `xor-mac`."""
    return [f"fwd to jhash ip saddr . ip daddr mod {_choice(active)}", *_xor_mac(active)]


def _round_robin(active: Sequence[str]) -> list[str]:
    return [f"fwd to numgen inc mod {_choice(active)}"]


def _choice(active: Sequence[str]) -> str:
    members = ", ".join(f'{number} : "{port}"' for number, port in enumerate(active))
    return f"{len(active)} map {{ {members} }}"


SPREAD: Mapping[GroupPolicy, Callable[[Sequence[str]], list[str]]] = {
    "xor-mac": _xor_mac,
    "xor-ip": _xor_ip,
    "round-robin": _round_robin,
}
