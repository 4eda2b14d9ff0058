"""The only code of bondimpl that touches the machine."""
