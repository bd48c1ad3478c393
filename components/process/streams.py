"""Random numbers by what they are for: a purpose, a seed and an index.

The three are words of their own in the key and the counter of Philox, so that draws of two
purposes, two seeds or two indices are never one draw. A seed of `torch.Generator` cannot promise
that: of its 64 bits the CPU's generator reads 32. A GPU's reads all of them: it draws the noise of
training itself, other numbers than the CPU, by a seed that is two words of the stream.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

import torch
from torch import Tensor

from components.process.philox import WORD, philox
from components.process.transfer import to_device

STATE_WORDS = 624  # of the Mersenne twister behind torch's CPU generator
AT_ONCE = 1 << 18
"""Numbers drawn at once: what fits a processor's cache."""
AT_ONCE_ELSEWHERE = 1 << 24  # some 2 GiB while they are made


class Purpose(IntEnum):
    """What random numbers are for."""

    SAMPLING = 0  # noise of a solver's steps; the index is the step's key
    ORDER = 1  # the shuffle of the training images; a pass
    TRAINING = 2  # times, noise and dropped conditions; a step
    DROPOUT = 3  # of the network; a step
    DISTILLATION = 4  # positions and noise; a step
    EVALUATION = 5  # noise on held-out images; a noise level
    CAPTION = 6  # which of an image's several captions; a step
    POSTERIOR = 7  # latents within an autoencoder's normals; a step
    FLIP = 8  # which images are mirrored; a step
    PRIOR_ORDER = 9  # the shuffle of the images of a subject's class; a pass


def words(
    seeds: Sequence[int],
    index: int,
    purpose: Purpose,
    count: int,
    device: torch.device | str = "cpu",
) -> Tensor:
    """(seeds, count) random words, int64 within [0, 2³²), the same on every ``device``; row k
    depends on ``seeds[k]`` alone.

    Args:
        seeds: the key, each within [0, 2⁶⁴).
        index: within [0, 2⁶⁴); with the purpose and the word's place it is the counter.

    Raises:
        ValueError: a seed or the index lies outside its range.
    """
    if not all(0 <= value < 1 << 64 for value in (*seeds, index)):
        raise ValueError("seeds and indices of random numbers lie within [0, 2⁶⁴)")
    key = (
        to_device(_column([seed & WORD for seed in seeds]), device),
        to_device(_column([seed >> 32 for seed in seeds]), device),
    )
    low, high, use = (torch.tensor(word) for word in (index & WORD, index >> 32, int(purpose)))
    blocks = torch.arange(-(-count // 4), device=device)
    return torch.stack(philox((blocks, low, high, use), key), -1).flatten(1)[:, :count]


def normal(
    seeds: Sequence[int],
    index: int,
    purpose: Purpose,
    shape: tuple[int, ...],
    device: torch.device | str = "cpu",
) -> Tensor:
    """(seeds, *shape) standard normal numbers, float32, computed on ``device``.

    Φ⁻¹((w + ½)/2³²) of each word w, in float64: symmetric, up to ±6.3, and one number a word, so
    that none depends on how many are drawn. Another device has the same words and may round Φ⁻¹
    otherwise in its last bit.

    Args:
        device: one that computes in float64.
    """
    count = torch.Size(shape).numel()
    at_once = AT_ONCE if torch.device(device).type == "cpu" else AT_ONCE_ELSEWHERE
    rows, found = max(1, at_once // count), []
    for start in range(0, len(seeds), rows):
        drawn = words(seeds[start : start + rows], index, purpose, count, device)
        found.append(torch.special.ndtri((drawn.double() + 0.5) / (WORD + 1)).float())
    return torch.cat(found).view(len(seeds), *shape)


def generator(
    seed: int, index: int, purpose: Purpose, device: torch.device | str = "cpu"
) -> torch.Generator:
    """A generator of the three: on a GPU by a seed of 64 bits, elsewhere the CPU's, whose whole
    state, not 32 bits of it, comes from them."""
    if torch.device(device).type == "cuda":
        return torch.Generator(device).manual_seed(_seed(seed, index, purpose))
    made = torch.Generator().manual_seed(0)
    state = made.get_state()
    # a count, two flags and a place come before the twister's words, all of 8 bytes
    state.view(torch.int64)[3 : 3 + STATE_WORDS] = words([seed], index, purpose, STATE_WORDS)[0]
    made.set_state(state)
    return made


@dataclass(frozen=True)
class Draws:
    """The generators of one stream, on the CPU one and the same.

    Attributes:
        few: on the CPU, for the few numbers that are looked at there: times, dropped conditions.
        many: on the device that computes, for noise.
    """

    few: torch.Generator
    many: torch.Generator

    @classmethod
    def of(cls, seed: int, index: int, purpose: Purpose, device: torch.device) -> "Draws":
        """Those of a purpose, a seed and an index."""
        few = generator(seed, index, purpose)
        many = generator(seed, index, purpose, device) if device.type == "cuda" else few
        return cls(few, many)

    def normal(self, shape: Sequence[int]) -> Tensor:
        """Standard normal numbers of ``many``, float32, on its device."""
        return torch.randn(tuple(shape), generator=self.many, device=self.many.device)


def seed_globally(seed: int, index: int, purpose: Purpose) -> None:
    """Set torch's global generators, which networks' dropout draws from."""
    torch.manual_seed(_seed(seed, index, purpose) % (1 << 63))  # the CPU reads 32 bits of it
    torch.set_rng_state(generator(seed, index, purpose).get_state())


def _seed(seed: int, index: int, purpose: Purpose) -> int:
    low, high = words([seed], index, purpose, 2)[0].tolist()
    return int(high << 32 | low)


def _column(values: list[int]) -> Tensor:
    return torch.tensor(values).view(-1, 1)
