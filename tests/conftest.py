"""How Hypothesis looks for counterexamples.

By default the same examples in every run, so that a change is judged by what it changes. `explore` (see
`make explore`) takes new ones each time and remembers what failed.
"""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("steady", derandomize=True)
settings.register_profile("explore", print_blob=True)
settings.load_profile("steady")
