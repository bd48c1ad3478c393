"""Philox against its authors' known answers and, through one plain definition, against numpy."""

import numpy as np
import pytest
import torch
from scipy.stats import norm
from torch import Tensor

from components.process.philox import KEY_STEPS, MULTIPLIERS, philox
from components.process.streams import Purpose, normal, words

KNOWN = [  # kat_vectors of Random123: counter, key, result
    ("00000000 00000000 00000000 00000000", "00000000 00000000",
     "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
    ("ffffffff ffffffff ffffffff ffffffff", "ffffffff ffffffff",
     "408f276d 41c83b0e a20bc7c6 6d5451fd"),
    ("243f6a88 85a308d3 13198a2e 03707344", "a4093822 299f31d0",
     "d16cfe09 94fdcceb 5001e420 24126ea1"),
]  # fmt: skip
WIDE = ((0xD2E7470EE14C6C93, 0xCA5A826395121157), (0x9E3779B97F4A7C15, 0xBB67AE8584CAA73B))
"""Multipliers and key steps of Philox4x64."""


def defined(
    counter: list[int],
    key: list[int],
    bits: int,
    multipliers: tuple[int, int],
    key_steps: tuple[int, int],
) -> list[int]:
    """Philox4 as Salmon 2011 defines it (section 3.3), in Python's own integers."""
    mask, key = (1 << bits) - 1, list(key)
    for _ in range(10):
        high_0, low_0 = divmod(multipliers[0] * counter[0], 1 << bits)
        high_1, low_1 = divmod(multipliers[1] * counter[2], 1 << bits)
        counter = [high_1 ^ counter[1] ^ key[0], low_1, high_0 ^ counter[3] ^ key[1], low_0]
        key = [(part + step) & mask for part, step in zip(key, key_steps, strict=True)]
    return counter


def word(value: int) -> Tensor:
    return torch.tensor([value])


@pytest.mark.parametrize(("counter", "key", "expected"), KNOWN)
def test_the_words_are_the_authors_known_answers(counter: str, key: str, expected: str) -> None:
    c, k, e = ([int(part, 16) for part in text.split()] for text in (counter, key, expected))
    found = philox((word(c[0]), word(c[1]), word(c[2]), word(c[3])), (word(k[0]), word(k[1])))
    assert [int(part) for part in found] == e


def test_the_plain_definition_is_numpys_philox_of_64_bits() -> None:
    generator = np.random.default_rng(0)
    for _ in range(20):
        counter, key = (
            generator.integers(0, 1 << 63, size, dtype=np.uint64) * 2 + 1 for size in (4, 2)
        )
        theirs = np.random.Philox(counter=counter, key=key)
        # numpy counts up before it draws
        first = [int(counter[0]) + 1, *(int(part) for part in counter[1:])]
        ours = defined(first, [int(part) for part in key], 64, *WIDE)
        assert theirs.random_raw(4).tolist() == ours


def test_seed_index_purpose_and_place_are_words_of_their_own() -> None:
    seeds = [0, 1, (1 << 32) + 1, (1 << 64) - 1, 7]
    index = (5 << 32) + 3
    found = words(seeds, index, Purpose.DROPOUT, 10)
    for row, seed in zip(found.tolist(), seeds, strict=True):
        expected: list[int] = []
        for block in range(3):
            counter = [block, 3, 5, int(Purpose.DROPOUT)]
            key = [seed % (1 << 32), seed >> 32]
            expected += defined(counter, key, 32, MULTIPLIERS, KEY_STEPS)
        assert row == expected[:10]


def test_normal_numbers_are_the_inverse_distribution_of_the_words() -> None:
    drawn = words([3, 4], 9, Purpose.SAMPLING, 600).numpy()
    expected = norm.ppf((drawn + 0.5) / 2**32).astype(np.float32).reshape(2, 6, 10, 10)
    found = normal([3, 4], 9, Purpose.SAMPLING, (6, 10, 10)).numpy()
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-7)
