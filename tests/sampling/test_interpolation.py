"""Between two noises: the arc's laws, and runs that begin and end at those of two seeds."""

import math

import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st
from torch import Tensor

from components.process.schedules import build_schedule
from components.sampling.interpolation import noise_between, slerp
from components.sampling.noise import seeded_noise
from components.sampling.solvers import SOLVERS
from components.sampling.times import time_grid
from tests.reference.known_data import TWO_MODES

SHAPE = (2, 3, 4)
SEEDS = st.integers(0, 2**32 - 1)
SHARES = st.floats(0, 1)


def pair(seed: int, scale: float = 1.0) -> tuple[Tensor, Tensor]:
    """Two noises, (1, 2, 3, 4) float64, the second one ``scale`` times as long."""
    generator = torch.Generator().manual_seed(seed)
    draw = torch.randn(2, 1, *SHAPE, generator=generator, dtype=torch.float64)
    return draw[0], scale * draw[1]


def at(a: Tensor, b: Tensor, *shares: float) -> Tensor:
    """The points at ``shares`` of the way, one row each."""
    count = len(shares)
    rows = a.expand(count, *a.shape[1:]), b.expand(count, *b.shape[1:])
    return slerp(*rows, torch.tensor(shares, dtype=torch.float64))


def angle(a: Tensor, b: Tensor) -> float:
    """Between two rows, without the loss of acos near 0."""
    first, second = a.flatten() / a.norm(), b.flatten() / b.norm()
    return 2 * math.atan2(float((first - second).norm()), float((first + second).norm()))


def check_even(a: Tensor, b: Tensor, share: float) -> None:
    between, whole = at(a, b, share), angle(a, b)
    assert angle(a, between) == pytest.approx(share * whole, abs=1e-9)
    assert angle(between, b) == pytest.approx((1 - share) * whole, abs=1e-9)
    expected = (1 - share) * float(a.norm()) + share * float(b.norm())
    assert float(between.norm()) == pytest.approx(expected, rel=1e-11)


@given(seed=SEEDS, share=SHARES, scale=st.floats(0.01, 100))
def test_the_angle_and_the_norm_go_evenly(seed: int, share: float, scale: float) -> None:
    check_even(*pair(seed, scale), share)


@given(seed=SEEDS, share=SHARES, factor=st.floats(0.1, 10), exponent=st.integers(-20, -1))
def test_they_do_so_between_nearly_parallel_noises(
    seed: int, share: float, factor: float, exponent: int
) -> None:
    a, other = pair(seed)
    check_even(a, factor * a + 10.0**exponent * other, share)


@given(seed=SEEDS, dtype=st.sampled_from([torch.float32, torch.float64]))
def test_the_ends_are_the_noises_themselves(seed: int, dtype: torch.dtype) -> None:
    a, b = (x.to(dtype) for x in pair(seed))
    ends = at(a, b, 0, 1)
    assert ends.dtype == dtype
    assert torch.equal(ends[:1], a)
    assert torch.equal(ends[1:], b)


@given(seed=SEEDS, share=SHARES)
def test_there_and_back_is_one_way(seed: int, share: float) -> None:
    a, b = pair(seed)
    torch.testing.assert_close(at(a, b, share), at(b, a, 1 - share), rtol=1e-9, atol=1e-12)


@given(seed=SEEDS, share=SHARES, factor=st.floats(0.1, 10))
def test_parallel_noises_are_mixed_linearly(seed: int, share: float, factor: float) -> None:
    a, _ = pair(seed)
    mixed = (1 - share) * a + share * factor * a
    torch.testing.assert_close(at(a, factor * a, share), mixed, rtol=1e-12, atol=1e-12)


def test_a_zero_is_no_direction_to_turn_to() -> None:
    a, _ = pair(0)
    zero = torch.zeros_like(a)
    torch.testing.assert_close(at(a, zero, 0.25), 0.75 * a)
    assert torch.equal(at(zero, zero, 0.25), zero)


@given(seed=SEEDS, factor=st.floats(0.1, 10))
def test_opposite_noises_are_refused(seed: int, factor: float) -> None:
    a, _ = pair(seed)
    with pytest.raises(ValueError, match="opposite"):
        at(a, -factor * a, 0.5)


@given(seeds=st.lists(SEEDS, min_size=2, max_size=5, unique=True), shares=st.data())
def test_every_row_has_its_own_arc(seeds: list[int], shares: st.DataObject) -> None:
    pairs = [pair(seed) for seed in seeds]
    share = [shares.draw(SHARES) for _ in seeds]
    a, b = torch.cat([p[0] for p in pairs]), torch.cat([p[1] for p in pairs])
    together = slerp(a, b, torch.tensor(share, dtype=torch.float64))
    for row, (first, second), s in zip(together, pairs, share, strict=True):
        assert torch.equal(at(first, second, s)[0], row)


@given(first=SEEDS, second=SEEDS)
def test_what_lies_between_two_noises_is_as_long_as_noise(first: int, second: int) -> None:
    assume(first != second)
    a, b = (seeded_noise([seed], (1, 32, 32))(-1) for seed in (first, second))
    # 1,024 pixels: their root mean square is 1 ± 0.022
    assert float(at(a, b, 0.5).square().mean().sqrt()) == pytest.approx(1, abs=0.15)
    assert float(((a + b) / 2).square().mean().sqrt()) < 0.85


@pytest.mark.parametrize("solver", ["ddim", "ddpm", "dpmpp_2m_sde"])
def test_a_walk_begins_and_ends_with_the_images_of_its_two_seeds(solver: str) -> None:
    schedule = build_schedule({"schedule": "cosine", "steps": 1000})
    denoise, times = TWO_MODES.denoiser(schedule), time_grid(schedule, 10)
    share = torch.linspace(0, 1, 5, dtype=torch.float64)
    noises = [seeded_noise([seed] * 5, (1, 1, 2)) for seed in (3, 8)]
    between = noise_between(noises[0], noises[1], share)

    def sample(noise: object) -> Tensor:
        return SOLVERS[solver](denoise, noise(-1), times, noise=noise)  # type: ignore[operator]

    frames, ends = sample(between), [sample(noise)[0] for noise in noises]
    torch.testing.assert_close(frames[0], ends[0], rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(frames[-1], ends[1], rtol=1e-5, atol=1e-5)
    assert len({tuple(frame.flatten().tolist()) for frame in frames}) == 5
