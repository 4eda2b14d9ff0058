"""The face of iproute2: `ip` as users know it, for bonds that bondd carries (contrib/ip)."""
