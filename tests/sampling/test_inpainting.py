"""Inpainting with exact denoisers: what is kept to the bit, and what the rest is drawn from."""

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from components.process.schedules import Schedule, build_schedule
from components.sampling.inpainting import inpaint, visits
from components.sampling.noise import seeded_noise
from components.sampling.solvers import SOLVERS
from components.sampling.times import Times, time_grid
from tests.reference.known_data import GAUSSIAN, TWO_MODES

PROCESSES = {
    "cosine": build_schedule({"schedule": "cosine", "steps": 1000}),
    "zero SNR": build_schedule({"schedule": "linear", "steps": 1000, "zero_terminal_snr": True}),
    "flow": build_schedule({"schedule": "rectified_flow", "steps": 1000}),
    "edm": build_schedule({"schedule": "edm", "steps": 1000}),
}
COSINE = PROCESSES["cosine"]
LEFT = torch.tensor([True, False]).view(1, 1, 1, 2)
"""The first of two pixels is known."""
EVERY_SOLVER = pytest.mark.parametrize("solver", sorted(SOLVERS))


@EVERY_SOLVER
def test_every_solver_keeps_what_is_known_to_the_bit(solver: str) -> None:
    noise = seeded_noise(range(40), (1, 1, 2))
    image = TWO_MODES.draw(40, torch.Generator().manual_seed(0))
    found = inpaint(
        SOLVERS[solver],
        TWO_MODES.denoiser(COSINE),
        image,
        LEFT,
        time_grid(COSINE, 12),
        noise=noise,
        resamples=3,
        jump=3,
    )
    assert torch.equal(found[..., 0], image[..., 0])
    assert bool(found.isfinite().all())
    assert not torch.allclose(found[..., 1], image[..., 1], atol=0.1)


@pytest.mark.parametrize("solver", ["ddpm", "ddim", "heun", "dpmpp_2m", "unipc"])
def test_the_rest_is_drawn_from_the_mode_that_the_known_part_belongs_to(solver: str) -> None:
    # the modes' first pixels lie at −1.2 and 0.9, their second ones at −0.8 and 0.6
    known = torch.tensor([-1.2, 0.9]).repeat(30).view(-1, 1, 1, 1)
    image = torch.cat([known, torch.zeros_like(known)], 3)
    found = inpaint(
        SOLVERS[solver],
        TWO_MODES.denoiser(COSINE),
        image,
        LEFT,
        time_grid(COSINE, 30),
        noise=seeded_noise(range(60), (1, 1, 2)),
        resamples=5,
        jump=5,
    )
    # a mode's own spread reaches over the other's side in one of twenty
    assert float((found[..., 1].sign() == known[..., 0].sign()).double().mean()) > 0.85


def moments(
    solver: str, schedule: Schedule, steps: int, value: float, resamples: int, jump: int
) -> tuple[float, float]:
    """Mean and variance of the second pixel of GAUSSIAN where the first one is ``value``.

    Exact: the run is affine in every noise, so one row without any noise and one for a unit of
    each tell all, without a random number.
    """
    image = torch.tensor([value, 0.0], dtype=torch.float64).view(1, 1, 1, 2)
    times, keys = time_grid(schedule, steps), []
    denoise = GAUSSIAN.denoiser(schedule)

    def run(rows: int, noise: Any) -> Tensor:
        return inpaint(
            SOLVERS[solver],
            denoise,
            image.expand(rows, 1, 1, 2),
            LEFT,
            times,
            noise=noise,
            resamples=resamples,
            jump=jump,
        )

    def without(key: int) -> Tensor:
        keys.append(key)
        return torch.zeros(1, 1, 1, 2, dtype=torch.float64)

    run(1, without)
    rows = 1 + 2 * len(keys)
    place = {key: 1 + 2 * i for i, key in enumerate(keys)}

    def units(key: int) -> Tensor:
        z = torch.zeros(rows, 1, 1, 2, dtype=torch.float64)
        z[place[key], ..., 0] = z[place[key] + 1, ..., 1] = 1
        return z

    second = run(rows, units)[:, 0, 0, 1]
    return float(second[0]), float(((second[1:] - second[0]) ** 2).sum())


# of the closed form: E[b | a] = μ_b + Σ_ba/Σ_aa (a − μ_a), Var[b | a] = Σ_bb − Σ_ba²/Σ_aa
VALUE = 2.0
MEAN = -0.4 + 0.72 / 1.44 * (VALUE - 0.8)
VARIANCE = 0.64 - 0.72**2 / 1.44


@pytest.mark.parametrize("process", ["cosine", "flow", "edm"])
def test_resampling_draws_from_the_conditional_distribution(process: str) -> None:
    once = moments("ddpm", PROCESSES[process], 100, VALUE, 1, 1)
    some = moments("ddpm", PROCESSES[process], 100, VALUE, 5, 5)
    many = moments("ddpm", PROCESSES[process], 150, VALUE, 10, 10)
    errors = [abs(mean - MEAN) for mean, _ in (once, some, many)]
    assert errors[0] > 0.1  # without it, the two parts hardly know of each other
    assert errors[0] > 3 * errors[1] > 4 * errors[2]
    assert many[0] == pytest.approx(MEAN, abs=0.02)
    assert many[1] == pytest.approx(VARIANCE, abs=0.03)


def levels_of_the_paper(steps: int, length: int, samples: int) -> list[int]:
    """`get_schedule_jump` of RePaint's code (Lugmayr 2022), written anew: the levels in the order
    that they are met, steps − 1 the noisiest and −1 the image."""
    jumps = dict.fromkeys(range(0, steps - length, length), samples - 1)
    level, met = steps, []
    while level >= 1:
        level -= 1
        met.append(level)
        if jumps.get(level, 0) > 0:
            jumps[level] -= 1
            for _ in range(length):
                level += 1
                met.append(level)
    return [*met, -1]


@pytest.mark.parametrize(
    ("steps", "jump", "resamples"),
    [(250, 10, 10), (7, 1, 3), (20, 4, 2), (20, 7, 5), (5, 4, 3), (1, 1, 4), (9, 3, 1)],
)
def test_the_walk_is_the_one_of_the_paper(steps: int, jump: int, resamples: int) -> None:
    times, met = time_grid(COSINE, steps), []

    def solver(denoise: Any, x: Tensor, pair: Times, **more: Any) -> Tensor:
        assert pair.steps == 1
        met.append(tuple(pair.t.tolist()))
        return x

    told: list[int] = []
    zero = torch.zeros(1, 1, 1, 2)
    inpaint(
        solver,
        None,
        zero,
        LEFT,
        times,
        noise=lambda key: zero,
        resamples=resamples,
        jump=jump,
        callback=told.append,
    )
    levels = levels_of_the_paper(steps, jump, resamples)
    t = [*reversed(times.t[:-1].tolist()), 0.0]  # level −1 is the last entry
    downs = [(t[a], t[b]) for a, b in zip(levels, levels[1:], strict=False) if b < a]
    assert met == downs
    assert told == list(range(visits(steps, resamples, jump)))
    assert len(met) == visits(steps, resamples, jump)


def test_a_jump_over_the_whole_grid_is_cut_to_what_fits() -> None:
    assert visits(5, 3, 100) == visits(5, 3, 4) == 5 + 2 * 4
    assert visits(1, 10, 10) == 1


@pytest.mark.parametrize("process", sorted(PROCESSES))
def test_what_goes_back_up_is_as_noisy_as_what_came_down(process: str) -> None:
    # all is known: at every visit the solver must find a draw of q(x_t | image)
    times, generator = time_grid(PROCESSES[process], 8), torch.Generator().manual_seed(0)
    shape, met = (1, 1, 300, 300), []

    def solver(denoise: Any, x: Tensor, pair: Times, **more: Any) -> Tensor:
        met.append(x)
        if len(met) > 1:  # the start is noise alone
            alpha, sigma = float(pair.alpha[0]), float(pair.sigma[0])
            assert float(x.mean()) == pytest.approx(0.7 * alpha, abs=5 * sigma / 300)
            assert float(x.std()) == pytest.approx(sigma, rel=5 / 300 / 2**0.5)
        return x

    image = torch.full(shape, 0.7)
    found = inpaint(
        solver,
        None,
        image,
        torch.ones(shape, dtype=torch.bool),
        times,
        noise=lambda key: torch.randn(shape, generator=generator),
        resamples=4,
        jump=3,
    )
    assert len(met) == visits(8, 4, 3) > 20
    assert torch.equal(found, image)


@EVERY_SOLVER
def test_no_noise_is_used_twice(solver: str) -> None:
    keys: list[int] = []

    def noise(key: int) -> Tensor:
        keys.append(key)
        return torch.zeros(1, 1, 1, 2)

    inpaint(
        SOLVERS[solver],
        GAUSSIAN.denoiser(COSINE),
        torch.ones(1, 1, 1, 2),
        LEFT,
        time_grid(COSINE, 9),
        noise=noise,
        resamples=4,
        jump=2,
    )
    assert len(set(keys)) == len(keys)
    assert keys[0] == -1
    assert min(keys[1:]) >= 0


@pytest.mark.parametrize("process", sorted(PROCESSES))
@pytest.mark.parametrize("solver", ["ddim", "euler", "heun"])
def test_where_nothing_is_known_a_solver_draws_what_it_draws_alone(
    process: str, solver: str
) -> None:
    # step by step, as solvers without memory can be run
    times, denoise = time_grid(PROCESSES[process], 10), TWO_MODES.denoiser(PROCESSES[process])
    noise = seeded_noise(range(20), (1, 1, 2))
    alone = SOLVERS[solver](denoise, times.start_scale * noise(-1), times, noise=noise)
    nothing = torch.zeros(1, 1, 1, 2, dtype=torch.bool)
    image = torch.zeros(20, 1, 1, 2)
    found = inpaint(SOLVERS[solver], denoise, image, nothing, times, noise=noise, resamples=1)
    torch.testing.assert_close(found, alone, rtol=1e-5, atol=1e-5)


SEEDS = st.lists(st.integers(0, 2**32 - 1), min_size=2, max_size=5, unique=True)


@settings(max_examples=10, deadline=None)
@given(seeds=SEEDS, data=st.data())
def test_a_result_is_its_image_and_seed_whatever_the_batch(
    seeds: list[int], data: st.DataObject
) -> None:
    times = time_grid(COSINE, 6)
    image = GAUSSIAN.draw(len(seeds), torch.Generator().manual_seed(0))

    def denoise(x: Tensor, t: Tensor) -> tuple[Tensor, Tensor]:
        return 0.5 * x.flip(-1), x  # row by row, to the bit

    def edit(rows: list[int]) -> Tensor:
        noise = seeded_noise([seeds[k] for k in rows], (1, 1, 2))
        return inpaint(
            SOLVERS["ddpm"], denoise, image[rows], LEFT, times, noise=noise, resamples=2, jump=2
        )

    together = edit(list(range(len(seeds))))
    order = data.draw(st.permutations(range(len(seeds))))
    for row, found in zip(order, edit(order), strict=True):
        assert torch.equal(found, together[row])


@pytest.mark.parametrize("solver", ["ddpm", "langevin", "predictor_corrector"])
def test_no_noise_is_drawn_twice_in_a_long_run(solver: str) -> None:
    drawn: list[int] = []

    def noise(key: int) -> Tensor:
        drawn.append(key)
        return torch.zeros(1, 1, 1, 2)

    def denoise(x: Tensor, t: Tensor) -> tuple[Tensor, Tensor]:
        return x, x

    times = time_grid(COSINE, 500)
    inpaint(SOLVERS[solver], denoise, torch.zeros(1, 1, 1, 2), LEFT, times, noise=noise)
    assert visits(500) > 4096
    assert len(set(drawn)) == len(drawn) > 2 * 4096
    # and what their keys stand for is never the same number
    found = seeded_noise([0], (1, 1, 2))
    rows = {tuple(found(key).flatten().tolist()) for key in drawn[:: len(drawn) // 300]}
    assert len(rows) == len(drawn[:: len(drawn) // 300])
