"""How faithful bondimpl is in time: the same faults on it (era 6.x) and on the kernel's driver.

python -m bench.fidelity [--runs 20] [--only WORD] [--write]      root; --write renews docs/fidelity.md

scenarios   what is done, and what of it is measured on the wire
table       what came of it, side by side
"""
