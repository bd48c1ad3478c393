"""Image to image with exact denoisers: what is kept, what is drawn anew, and from which data."""

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from components.process.schedules import build_schedule
from components.sampling.denoiser import Denoise
from components.sampling.image_to_image import image_to_image, steps_left
from components.sampling.noise import Noise, seeded_noise
from components.sampling.solvers import SOLVERS
from components.sampling.times import Times, time_grid
from tests.reference.known_data import GAUSSIAN, TWO_MODES, mixture

PROCESSES = {
    "cosine": build_schedule({"schedule": "cosine", "steps": 1000}),
    "zero SNR": build_schedule({"schedule": "linear", "steps": 1000, "zero_terminal_snr": True}),
    "flow": build_schedule({"schedule": "rectified_flow", "steps": 1000}),
    "edm": build_schedule({"schedule": "edm", "steps": 1000}),
}
COSINE = PROCESSES["cosine"]


def at_any_times(denoise: Denoise) -> Denoise:
    """``denoise``, which wants rows of one time, for solvers whose rows have steps of their own."""

    def apart(x: Tensor, t: Tensor) -> tuple[Tensor, Tensor]:
        x0, eps = torch.empty_like(x), torch.empty_like(x)
        for time in t.unique():
            x0[t == time], eps[t == time] = denoise(x[t == time], t[t == time])
        return x0, eps

    return apart


# without long runs Langevin dynamics is far from the data, and consistency wants another denoiser
SAMPLING = sorted(set(SOLVERS) - {"langevin", "consistency"})


def bulk_noise(count: int, pixels: int = 2) -> Noise:
    generator = torch.Generator().manual_seed(3)
    return lambda key: torch.randn(count, 1, 1, pixels, generator=generator)


@given(steps=st.integers(1, 1000), data=st.data())
def test_the_strength_is_the_share_of_steps_that_are_left(steps: int, data: st.DataObject) -> None:
    left = data.draw(st.integers(0, steps))
    assert steps_left(steps, left / steps) == left
    share = data.draw(st.floats(0.001, 0.999))
    assert steps_left(steps, min(1.0, (left + share) / steps)) == min(steps, left)


@pytest.mark.parametrize("strength", [-0.1, 1.01, float("nan")])
def test_a_strength_out_of_range_is_refused(strength: float) -> None:
    with pytest.raises(ValueError, match="lies outside"):
        steps_left(10, strength)


@pytest.mark.parametrize("process", sorted(PROCESSES))
@pytest.mark.parametrize(("strength", "first"), [(0.3, 7), (0.55, 5), (1.0, 0)])
def test_the_solver_begins_at_the_image_s_noisy_version(
    process: str, strength: float, first: int
) -> None:
    times = time_grid(PROCESSES[process], 10)
    image, seen = torch.full((1, 1, 1, 2), 0.5), []

    def solver(denoise: Any, x: Tensor, rest: Times, **more: Any) -> Tensor:
        seen.append((x, rest, more))
        return x

    noise = seeded_noise([4], (1, 1, 2))
    told = [].append
    image_to_image(
        solver, None, image, times, strength=strength, noise=noise, callback=told, eta=0.5
    )
    [(x, rest, more)] = seen
    assert rest.t.tolist() == times.t[first:].tolist()
    expected = float(times.alpha[first]) * 0.5 + float(times.sigma[first]) * noise(-1)
    torch.testing.assert_close(x, expected)
    assert more == {"noise": noise, "callback": told, "eta": 0.5}


@pytest.mark.parametrize("strength", [0.0, 0.09])
def test_less_than_a_step_leaves_the_image_as_it_is(strength: float) -> None:
    image = GAUSSIAN.draw(3, torch.Generator().manual_seed(0))
    found = image_to_image(
        SOLVERS["ddim"],
        GAUSSIAN.denoiser(COSINE),
        image,
        time_grid(COSINE, 10),
        strength=strength,
        noise=bulk_noise(3),
    )
    assert torch.equal(found, image)


@pytest.mark.parametrize("process", sorted(PROCESSES))
@pytest.mark.parametrize("strength", [0.25, 0.5, 1.0])
def test_ddim_keeps_of_a_gaussian_image_what_the_closed_form_says(
    process: str, strength: float
) -> None:
    # every step is x_s − α_s μ = slope · (x_t − α_t μ)
    mean, spread, times = 0.3, 0.6, time_grid(PROCESSES[process], 20)
    image = torch.linspace(-1, 1, 7, dtype=torch.float64).view(-1, 1, 1, 1)
    z = torch.randn(image.shape, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    first, slope = 20 - round(20 * strength), 1.0
    for i in range(first, 20):
        (a_t, a_s), (s_t, s_s) = times.alpha[i : i + 2].tolist(), times.sigma[i : i + 2].tolist()
        slope *= (a_t * a_s * spread**2 + s_t * s_s) / (a_t**2 * spread**2 + s_t**2)
    alpha, sigma = float(times.alpha[first]), float(times.sigma[first])
    expected = mean + slope * (alpha * (image - mean) + sigma * z)
    denoise = mixture([1.0], [[mean]], [[[spread**2]]]).denoiser(PROCESSES[process])
    found = image_to_image(
        SOLVERS["ddim"], denoise, image, times, strength=strength, noise=lambda key: z
    )
    torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("solver", SAMPLING)
def test_images_of_the_data_become_other_images_of_the_data(solver: str) -> None:
    # noise and its removal leave p(x0) as it is, whatever the strength (Meng 2021, section 3)
    count, times = 4000, time_grid(COSINE, 100)
    image = GAUSSIAN.draw(count, torch.Generator().manual_seed(0))
    likeness = []
    for strength in (0.3, 0.8):
        found = image_to_image(
            SOLVERS[solver],
            at_any_times(GAUSSIAN.denoiser(COSINE)),
            image,
            times,
            strength=strength,
            noise=bulk_noise(count),
        )
        rows = found.view(count, 2).double()
        # four standard errors of 4,000 images, and 3 % for what 100 steps leave
        torch.testing.assert_close(rows.mean(0), GAUSSIAN.mean, rtol=0, atol=0.08)
        torch.testing.assert_close(rows.T.cov(), GAUSSIAN.covariance, rtol=0.12, atol=0)
        both = torch.stack([rows[:, 0], image.view(count, 2)[:, 0].double()])
        likeness.append(float(torch.corrcoef(both)[0, 1]))
    assert likeness[0] > likeness[1] + 0.1 > 0.1


@pytest.mark.parametrize("solver", sorted(SOLVERS))
def test_every_solver_keeps_the_mode_of_an_image_at_little_strength(solver: str) -> None:
    count = 200
    image = TWO_MODES.draw(count, torch.Generator().manual_seed(0))
    found = image_to_image(
        SOLVERS[solver],
        at_any_times(TWO_MODES.denoiser(COSINE)),
        image,
        time_grid(COSINE, 50),
        strength=0.2,
        noise=bulk_noise(count),
    )
    assert bool(found.isfinite().all())
    before, after = TWO_MODES.shares(image).argmax(0), TWO_MODES.shares(found).argmax(0)
    assert float((before == after).double().mean()) > 0.95
    assert not torch.allclose(found, image, atol=0.05)


SEEDS = st.lists(st.integers(0, 2**32 - 1), min_size=2, max_size=5, unique=True)


@settings(max_examples=10, deadline=None)
@given(seeds=SEEDS, data=st.data())
def test_a_result_is_its_image_and_seed_whatever_the_batch(
    seeds: list[int], data: st.DataObject
) -> None:
    times = time_grid(COSINE, 6)
    image = GAUSSIAN.draw(len(seeds), torch.Generator().manual_seed(0))

    def denoise(x: Tensor, t: Tensor) -> tuple[Tensor, Tensor]:
        return 0.5 * x, x  # row by row, to the bit

    def edit(rows: list[int]) -> Tensor:
        noise = seeded_noise([seeds[k] for k in rows], (1, 1, 2))
        return image_to_image(
            SOLVERS["ddpm"], denoise, image[rows], times, strength=0.7, noise=noise
        )

    together = edit(list(range(len(seeds))))
    order = data.draw(st.permutations(range(len(seeds))))
    for row, found in zip(order, edit(order), strict=True):
        assert torch.equal(found, together[row])
