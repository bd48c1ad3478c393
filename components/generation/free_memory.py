"""How much memory there is to take, on the processor's side."""

from pathlib import Path

import psutil

CGROUP = Path("/sys/fs/cgroup")

LIMITS = (
    ("memory.max", "memory.current", "inactive_file"),
    ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes", "total_inactive_file"),
)
"""Of cgroup v2 and v1: the limit, what is taken, and what of that is given back when asked for."""


def free_memory(cgroup: Path = CGROUP) -> int:
    """Bytes that this process can still take: what the machine has to give, and no more than its
    container's limit leaves."""
    left = [_left(cgroup, *names) for names in LIMITS]
    available: int = psutil.virtual_memory().available
    return min([available, *(each for each in left if each is not None)])


def _left(cgroup: Path, limit: str, taken: str, reclaimable: str) -> int | None:
    """Bytes that the container's limit leaves; None where it has none."""
    try:
        most = int((cgroup / limit).read_text())
        now = int((cgroup / taken).read_text())
        lines = ((cgroup / limit).parent / "memory.stat").read_text().splitlines()
    except (OSError, ValueError):  # no such cgroup, or "max"
        return None
    stat = dict(line.split() for line in lines)
    return max(0, most - now + int(stat.get(reclaimable, 0)))
