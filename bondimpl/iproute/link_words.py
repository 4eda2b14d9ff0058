"""The words of `ip link add|set|delete`, as far as bonds are concerned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from bondimpl.iproute.errors import Refused, incomplete

# Words with a value that are passed on as they are.
_WITH_VALUE = frozenset(
    (
        *("link", "mtu", "address", "addr", "broadcast", "brd", "txqueuelen", "txqlen", "qlen", "netns"),
        *("alias", "group", "mode", "state", "index", "qdisc", "multicast", "allmulticast", "promisc"),
        *("trailers", "carrier", "arp", "dynamic", "numtxqueues", "numrxqueues", "gso_max_size"),
        *("gso_max_segs", "gro_max_size", "gso_ipv4_max_size", "gro_ipv4_max_size", "link-netns"),
        *("link-netnsid", "addrgenmode", "protodown", "protodown_reason"),
    )
)


@dataclass(frozen=True, slots=True)
class LinkRequest:
    """What is asked of one interface.

    `master` is None when it is not spoken of and '' for `nomaster`; `kind` and `kind_words` are what
    follows `type`; `others` are words for the kernel, `state` (`up`, `down`) apart from them.
    """

    name: str = ""
    master: str | None = None
    state: str = ""
    kind: str = ""
    kind_words: tuple[str, ...] = ()
    others: tuple[str, ...] = ()


def link_request(words: Sequence[str]) -> LinkRequest:
    """Raises Refused."""
    asked, rest = LinkRequest(), list(words)

    def value() -> str:
        if not rest:
            raise incomplete()
        return rest.pop(0)

    while rest:
        word = rest.pop(0)
        if word in ("dev", "name"):
            given = value()
            if word == "name" and asked.name and given != asked.name:
                asked = replace(asked, others=(*asked.others, word, given))
            else:
                asked = replace(asked, name=given)
        elif word == "nomaster":
            asked = replace(asked, master="")
        elif "master".startswith(word) or word == "vrf":
            asked = replace(asked, master=value())
        elif word in ("up", "down"):
            asked = replace(asked, state=word)
        elif len(word) > 1 and "type".startswith(word):
            return replace(asked, kind=value(), kind_words=tuple(rest))
        elif word in _WITH_VALUE:
            asked = replace(asked, others=(*asked.others, word, value()))
        elif not asked.name:
            asked = replace(asked, name=word)
        else:
            raise Refused(f'Error: either "dev" is duplicate, or "{word}" is a garbage.', 255)
    return asked
