"""Philox4x32-10: random words of a counter and a key (Salmon et al. 2011, Random123)."""

from torch import Tensor

ROUNDS = 10
MULTIPLIERS = (0xD2511F53, 0xCD9E8D57)
KEY_STEPS = (0x9E3779B9, 0xBB67AE85)  # 2³²/φ and 2³² (√3 − 1)
WORD = 0xFFFFFFFF

Four = tuple[Tensor, Tensor, Tensor, Tensor]


def philox(counter: Four, key: tuple[Tensor, Tensor]) -> Four:
    """Four random words for every counter of four words and key of two.

    Under one key every counter gives other words, each known without those before. It is made of
    integers alone, so that every device gives the same.

    Args:
        counter, key: int64 within [0, 2³²), of shapes that broadcast.
    """
    (c0, c1, c2, c3), (k0, k1) = counter, key
    for _ in range(ROUNDS):
        # int64 wraps, which leaves the 64 bits of the unsigned product
        p0, p1 = c0 * MULTIPLIERS[0], c2 * MULTIPLIERS[1]
        c0, c1, c2, c3 = _high(p1) ^ c1 ^ k0, p1 & WORD, _high(p0) ^ c3 ^ k1, p0 & WORD
        k0, k1 = (k0 + KEY_STEPS[0]) & WORD, (k1 + KEY_STEPS[1]) & WORD
    return c0, c1, c2, c3


def _high(product: Tensor) -> Tensor:
    return (product >> 32) & WORD
