"""What each kind of guidance makes of two predictions, against other people's code."""

import torch
from diffusers.guiders.adaptive_projected_guidance import normalized_guidance
from diffusers.pipelines.stable_diffusion.pipeline_stable_diffusion import rescale_noise_cfg
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from components.process.prediction import PREDICTIONS
from components.process.schedules import SCHEDULES
from components.sampling.guidance import GUIDANCE, Guidance
from components.sampling.guidance.apg import orthogonal
from components.sampling.guidance.cfg import rescaled
from components.sampling.reading import Reading
from components.sampling.solvers import SOLVERS
from components.sampling.times import times_at

SCHEDULE = SCHEDULES["linear"](1000)
SHAPE = (3, 2, 5, 5)

seeds = st.integers(0, 2**31)
scales = st.floats(0, 15)
shares = st.floats(0, 1)
predictions = st.sampled_from(sorted(PREDICTIONS))


def draw(seed: int, count: int) -> tuple[Tensor, ...]:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(count, *SHAPE, generator=generator, dtype=torch.float64).unbind()


def reading(x: Tensor, prediction: str, t: float = 0.4) -> Reading:
    at = torch.full((len(x),), t, dtype=torch.float64)
    return Reading.at(x, at, SCHEDULE, PREDICTIONS[prediction], clip=False)


@given(seeds, scales, shares)
def test_the_rescale_is_that_of_diffusers(seed: int, scale: float, share: float) -> None:
    x, strong, weak = draw(seed, 3)
    guided = weak + scale * (strong - weak)
    expected = rescale_noise_cfg(guided, strong, share)
    torch.testing.assert_close(rescaled(guided, strong, share), expected, rtol=1e-12, atol=1e-12)
    _, eps = GUIDANCE["cfg"].combine(strong, weak, reading(x, "eps"), Guidance("cfg", scale, share))
    torch.testing.assert_close(eps, expected, rtol=1e-12, atol=1e-12)


@given(seeds, st.floats(1.5, 15))
def test_a_whole_rescale_gives_each_sample_the_spread_of_its_strong_prediction(
    seed: int, scale: float
) -> None:
    strong, weak = draw(seed, 2)
    strong = strong * torch.tensor([0.1, 1.0, 10.0]).view(-1, 1, 1, 1)
    spread = rescaled(weak + scale * (strong - weak), strong, 1.0).std((1, 2, 3))
    torch.testing.assert_close(spread, strong.std((1, 2, 3)), rtol=1e-12, atol=1e-12)


@given(seeds, scales, predictions)
def test_projected_guidance_is_that_of_diffusers(seed: int, scale: float, prediction: str) -> None:
    x, strong, weak = draw(seed, 3)
    at = reading(x, prediction)
    x0, eps = GUIDANCE["apg"].combine(strong, weak, at, Guidance("apg", scale))
    expected = normalized_guidance(
        at.x0(strong), at.x0(weak), scale - 1, eta=0.0, use_original_formulation=True
    )
    torch.testing.assert_close(x0, expected, rtol=1e-9, atol=1e-9)
    torch.testing.assert_close(at.alpha * x0 + at.sigma * eps, x, rtol=1e-9, atol=1e-9)


@given(seeds, st.floats(1.5, 15))
def test_projected_guidance_moves_x0_at_right_angles_to_the_strong_one(
    seed: int, scale: float
) -> None:
    x, strong, weak = draw(seed, 3)
    x0, _ = GUIDANCE["apg"].combine(strong, weak, reading(x, "x0"), Guidance("apg", scale))
    move, direction = (x0 - strong).flatten(1), strong.flatten(1)
    assert (move.norm(dim=1) > 1).all(), "it moves"
    cosine = torch.nn.functional.cosine_similarity(move, direction)
    assert cosine.abs().max() < 1e-12


def test_nothing_is_along_an_empty_image() -> None:
    (difference,) = draw(0, 1)
    assert torch.equal(orthogonal(difference, torch.zeros(SHAPE)), difference)


@given(seeds, shares, predictions)
def test_a_ddim_step_with_cfgpp_adds_the_unconditional_noise(
    seed: int, scale: float, prediction: str
) -> None:
    # Chung 2024, algorithm 2, lines 5–6, in its own terms: eps and Tweedie's formula
    x, strong, weak = draw(seed, 3)

    def denoise(x: Tensor, t: Tensor) -> tuple[Tensor, Tensor]:
        at = Reading.at(x, t, SCHEDULE, PREDICTIONS[prediction], clip=False)
        return GUIDANCE["cfgpp"].combine(strong, weak, at, Guidance("cfgpp", scale))

    times = times_at(SCHEDULE, torch.tensor([0.4, 0.3]))
    stepped = SOLVERS["ddim"](denoise, x, times, noise=lambda i: torch.zeros(SHAPE))
    at = reading(x, prediction, float(times.t[0]))
    (_, eps_cond), (_, eps_null) = at.pair(strong), at.pair(weak)
    eps_mixed = eps_null + scale * (eps_cond - eps_null)
    bar_t, bar_s = times.alpha[0] ** 2, times.alpha[1] ** 2
    x0 = (x - (1 - bar_t).sqrt() * eps_mixed) / bar_t.sqrt()
    expected = bar_s.sqrt() * x0 + (1 - bar_s).sqrt() * eps_null
    torch.testing.assert_close(stepped, expected, rtol=1e-9, atol=1e-9)
