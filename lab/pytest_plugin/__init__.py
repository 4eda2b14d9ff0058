"""The lab as a pytest plugin: cases ask for a bed, a bond, a stream; `--topo` says where they run.

The parts:

    options     the command line
    sandboxed   the whole run moves into namespaces of its own; one sandbox for each xdist worker
    collecting  markers `behaviour` and `needs`; which case runs on which topologies
    differing   what is known to differ from the HOWTO on today's drivers
    fixtures    topology, bed, driver, capture, bonded, stream
    failures    what a failing case leaves: sections of its report, artifacts
    lacking     what the driver under test does not have is not failed
    blocked     a broken lab is not a failed case
    keeping     --keep-on-fail and its like
    summary     which behaviours were verified
"""

pytest_plugins = (
    "lab.pytest_plugin.options",
    "lab.pytest_plugin.sandboxed",
    "lab.pytest_plugin.collecting",
    "lab.pytest_plugin.differing",
    "lab.pytest_plugin.fixtures",
    "lab.pytest_plugin.failures",
    "lab.pytest_plugin.lacking",
    "lab.pytest_plugin.blocked",
    "lab.pytest_plugin.summary",
)
