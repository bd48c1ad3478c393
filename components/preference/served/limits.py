"""How many requests anybody may make: token buckets, in which tokens gather at a rate."""

import ipaddress
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Rate:
    """Tokens a second, and how many a bucket holds."""

    second: float
    burst: int


POSTS = Rate(10, 60)
"""Of one link: more than anybody answers, and enough for a page that catches up."""

READS = Rate(2, 60)
"""Of one link: its page."""

ADDRESS = Rate(500, 2000)
"""Of one address, whatever it asks for but images: a whole class may sit behind one."""

IMAGES = Rate(1000, 20_000)
"""Of one address: a page asks for hundreds at once, and nothing is computed for them."""

MOST_BUCKETS = 10_000


class Limiter:
    """Buckets by who asks; those that were used least lately are forgotten when there are many.

    Args:
        rate: of each bucket.
        clock: seconds.
    """

    def __init__(self, rate: Rate, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate, self._clock = rate, clock
        self._buckets: OrderedDict[object, tuple[float, float]] = OrderedDict()

    def wait(self, who: object) -> float:
        """0.0 where a token was taken; where there was none, seconds until there is one."""
        now = self._clock()
        tokens, since = self._buckets.pop(who, (float(self._rate.burst), now))
        tokens = min(self._rate.burst, tokens + (now - since) * self._rate.second)
        taken = tokens >= 1
        self._buckets[who] = (tokens - taken, now)
        if len(self._buckets) > MOST_BUCKETS:
            self._buckets.popitem(last=False)
        return 0.0 if taken else (1 - tokens) / self._rate.second


def network(host: str) -> str:
    """Whom an address belongs to: of IPv6 the first half, as the rest is free to choose."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    return host if address.version == 4 else f"{ipaddress.ip_network((address, 64), strict=False)}"
