"""`python -m lab.cli` is `bondlab`: how a command starts itself anew in a sandbox."""

from lab.cli.app import main

main()
