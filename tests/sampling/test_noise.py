"""Noise belongs to a seed and a step."""

import pytest
import torch

from components.sampling.noise import ready, seeded_noise

SHAPE = (1, 4, 4)


def test_the_noise_of_a_step_does_not_depend_on_the_steps_before() -> None:
    noise = seeded_noise([4, 9], SHAPE)
    late = noise(3)
    noise(0)
    torch.testing.assert_close(noise(3), late, rtol=0, atol=0)
    assert not torch.equal(noise(3), noise(2))
    assert not torch.equal(noise(-1)[0], noise(-1)[1])


def test_neighbouring_seeds_and_steps_give_uncorrelated_normal_noise() -> None:
    rows = torch.stack([seeded_noise(range(64), (1, 16, 16))(i).flatten() for i in range(16)])
    assert rows.mean().abs() < 4 / rows.numel() ** 0.5
    assert rows.std().item() == pytest.approx(1, abs=0.01)
    correlation = torch.corrcoef(rows) - torch.eye(16)
    assert correlation.abs().max() < 5 / rows.shape[1] ** 0.5


def test_the_start_is_torchs_own_noise_of_the_seed() -> None:
    for row, seed in zip(seeded_noise([0, 7, 2**31], SHAPE)(-1), (0, 7, 2**31), strict=True):
        expected = torch.randn(SHAPE, generator=torch.Generator().manual_seed(seed))
        assert torch.equal(row, expected)


@pytest.mark.parametrize(
    "shape", [(1, 1, 1), (1, 3, 5), (1, 4, 4), (3, 7, 11), (4, 16, 16)], ids=str
)
def test_of_every_seed_and_size_the_start_is_what_a_new_generator_gives(
    shape: tuple[int, int, int],
) -> None:
    """torch draws fewer than 16 numbers in another way than more."""
    seeds = [*range(40), *(2**k for k in range(6, 33)), 2**31 - 1, 2**32 - 1, 2**40 + 3]
    expected = [torch.randn(shape, generator=torch.Generator().manual_seed(k)) for k in seeds]
    assert torch.equal(seeded_noise(seeds, shape)(-1), torch.stack(expected))


def test_a_start_that_is_ready_is_drawn_once_and_the_steps_when_they_are_asked() -> None:
    asked: list[int] = []

    def noise(step: int) -> torch.Tensor:
        asked.append(step)
        return torch.full((1,), float(step))

    drawn = ready(noise)
    assert asked == [-1]
    assert [float(drawn(step)) for step in (-1, 4, -1)] == [-1, 4, -1]
    assert asked == [-1, 4]


def test_an_images_noise_does_not_depend_on_its_batch() -> None:
    whole = seeded_noise(range(300), (3, 8, 8))
    part = seeded_noise([17, 203], (3, 8, 8))
    for step in (-1, 0, 5, 4096 << 20):
        assert torch.equal(part(step), whole(step)[[17, 203]])


def test_steps_have_noise_of_their_own_however_far_apart() -> None:
    noise = seeded_noise([3], SHAPE)
    keys = [-1, 0, 1, 999, (1 << 20) - 1, *(visit << 20 for visit in (1, 4095, 4096, 8192, 10**6))]
    drawn = [tuple(noise(key).flatten().tolist()) for key in keys]
    assert len(set(drawn)) == len(keys)
