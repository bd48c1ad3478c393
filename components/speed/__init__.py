"""How fast a network is on this machine: measured once, kept, and what that decides."""
