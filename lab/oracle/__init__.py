"""The oracle: the same cases on bondimpl, in both eras, and on the kernel's own driver, side by side.

python -m lab.oracle        runs all three, writes artifacts/oracle/oracle.json and docs/oracle.md

runs      one run of the cases, and what came of it
table     the verdict on each behaviour
render    the table as text
others    drivers that are no bonding drivers, on a page of their own
"""
