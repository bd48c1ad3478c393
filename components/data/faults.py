"""Several faults told in one message: the first ten, then how many more."""

from collections.abc import Sequence

SHOWN = 10


def listed(faults: Sequence[str]) -> str:
    """``faults`` on lines of their own, at most `SHOWN` of them, then the count of the rest."""
    lines = [f"\n  - {fault}" for fault in faults[:SHOWN]]
    rest = len(faults) - SHOWN
    return "".join(lines) + (f"\n  - and {rest} more" if rest > 0 else "")
