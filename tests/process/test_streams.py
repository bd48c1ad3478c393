"""Random numbers by purpose, seed and index: which ones they are, and that none meet."""

import numpy as np
import pytest
import torch
from scipy import stats

from components.process import streams
from components.process.streams import Purpose, generator, normal, seed_globally, words


def test_normal_numbers_have_the_moments_and_the_law_of_the_normal_distribution() -> None:
    x = normal(range(400), 7, Purpose.SAMPLING, (1000,)).double()
    n = x.numel()
    # mean, variance, skew and kurtosis with their standard errors 1, √2, √15 and √96 over √n
    for power, value, spread in ((1, 0, 1), (2, 1, 2), (3, 0, 15), (4, 3, 96)):
        assert abs((x**power).mean().item() - value) < 4 * (spread / n) ** 0.5
    assert stats.kstest(x.flatten().numpy(), "norm").pvalue > 0.01


def test_neighbours_in_seed_index_and_purpose_are_uncorrelated() -> None:
    def rows(seed: int, index: int, purpose: Purpose) -> torch.Tensor:
        return normal([seed], index, purpose, (20_000,))[0]

    near = [
        rows(seed, index, purpose)
        for seed in (0, 1, 1 << 32)
        for index in (0, 1, 5 << 20, 4096 << 20)
        for purpose in (Purpose.SAMPLING, Purpose.TRAINING)
    ]
    correlation = torch.corrcoef(torch.stack(near)) - torch.eye(len(near))
    assert correlation.abs().max() < 5 / 20_000**0.5


def test_no_two_draws_meet() -> None:
    # 32-bit words of a twister's seed: these would have met in pairs
    seeds = [0, 1, 2925, 467669, 1 << 32, 1 << 63]
    indices = [0, 1, 9209, 4033, 4096 << 20, 5 << 32, (1 << 64) - 1]
    drawn = [
        tuple(words([seed], index, purpose, 4)[0].tolist())
        for seed in seeds
        for index in indices
        for purpose in Purpose
    ]
    assert len(set(drawn)) == len(drawn)


def test_a_row_does_not_depend_on_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = normal(range(50), 3, Purpose.SAMPLING, (3, 5, 7))
    assert torch.equal(normal([31], 3, Purpose.SAMPLING, (3, 5, 7))[0], whole[31])
    monkeypatch.setattr(streams, "AT_ONCE", 400)
    assert torch.equal(normal(range(50), 3, Purpose.SAMPLING, (3, 5, 7)), whole)
    # nor a number on how many follow it
    assert torch.equal(normal([4], 3, Purpose.SAMPLING, (10,)), whole[4].flatten()[None, :10])


@pytest.mark.parametrize(("seed", "index"), [(-1, 0), (1 << 64, 0), (0, -1), (0, 1 << 64)])
def test_what_does_not_fit_its_words_is_refused(seed: int, index: int) -> None:
    with pytest.raises(ValueError, match=r"within \[0, 2⁶⁴\)"):
        words([seed], index, Purpose.SAMPLING, 4)


def test_a_generator_has_all_words_of_its_state_from_its_stream() -> None:
    twister = np.random.MT19937()
    state = twister.state
    state["state"] = {
        "key": words([5], 6, Purpose.TRAINING, 624)[0].numpy().astype(np.uint32),
        "pos": 624,
    }
    twister.state = state
    expected = twister.random_raw(2000)
    drawn = torch.empty(1000, dtype=torch.int64).random_(
        0, 1 << 32, generator=generator(5, 6, Purpose.TRAINING)
    )
    # torch takes the lower of two words of 32 bits
    assert set(drawn.tolist()) <= set(expected.tolist())
    assert drawn.tolist() == expected[1::2].tolist()


def test_generators_repeat_and_do_not_meet() -> None:
    def first(seed: int, index: int, purpose: Purpose) -> tuple[float, ...]:
        return tuple(torch.randn(4, generator=generator(seed, index, purpose)).tolist())

    keys = [
        (seed, index, purpose)
        for seed in (0, 1, 1 << 32, 1 << 33)
        for index in range(5)
        for purpose in (Purpose.ORDER, Purpose.TRAINING, Purpose.DISTILLATION)
    ]
    drawn = [first(*key) for key in keys]
    assert drawn == [first(*key) for key in keys]
    assert len(set(drawn)) == len(drawn)


def test_dropout_is_drawn_from_seed_and_step_alone() -> None:
    def mask(seed: int, step: int) -> torch.Tensor:
        torch.rand(step + 3)
        seed_globally(seed, step, Purpose.DROPOUT)
        return torch.nn.functional.dropout(torch.ones(100), 0.5)

    assert torch.equal(mask(1, 2), mask(1, 2))
    others = [mask(seed, step) for seed, step in ((1, 3), (2, 2), (1 << 32 | 1, 2))]
    assert not any(torch.equal(mask(1, 2), other) for other in others)
