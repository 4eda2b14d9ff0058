"""The commands: bondd, bondctl, ifenslave."""
