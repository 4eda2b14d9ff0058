"""Making a failing story short."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import combinations

from lab.chaos.story import Story


def shrink(story: Story, fails: Callable[[Story], bool], attempts: int = 40) -> Story:
    """A part of `story`, in its order, that still fails; the shortest found in so many attempts."""
    tried: set[Story] = set()
    while True:
        for shorter in parts(story):
            if shorter in tried:
                continue
            if not attempts:
                return story
            attempts -= 1
            tried.add(shorter)
            if fails(shorter):
                story = shorter
                break
        else:
            return story


def parts(story: Story) -> Iterator[Story]:
    """What is left without one half, without one quarter, ..., without one pair, without one step.

    A pair breaks a thing and mends it: without both, the same things are broken in the end. (As in delta
    debugging, Zeller and Hildebrandt 2002, but for the pairs.)
    """
    size = len(story) // 2
    while size > 1:
        for begin in range(0, len(story), size):
            yield story[:begin] + story[begin + size :]
        size //= 2
    for one, other in combinations(range(len(story)), 2):
        if story[one].thing == story[other].thing and len(story) > 2:
            yield story[:one] + story[one + 1 : other] + story[other + 1 :]
    for one in range(len(story) if len(story) > 1 else 0):
        yield story[:one] + story[one + 1 :]
