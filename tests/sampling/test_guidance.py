"""Guidance as a wrapper of the denoiser: its laws, and exactly the evaluations that it needs."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from components.process.prediction import PREDICTIONS
from components.process.schedules import SCHEDULES
from components.sampling.denoiser import Denoise, denoiser
from components.sampling.guidance import GUIDANCE, Guidance, guided_denoiser
from components.sampling.network import Condition, Conditioned, Evaluations
from components.spec.catalogue import GUIDANCE as CATALOGUE_GUIDANCE

SCHEDULE = SCHEDULES["cosine"](1000)
COUNT, SHAPE = 6, (2, 4, 4)
ONES = {"label": torch.arange(1.0, COUNT + 1, dtype=torch.float64)}
NULL = {"label": torch.zeros(COUNT, dtype=torch.float64)}

kinds = st.sampled_from(sorted(GUIDANCE))
predictions = st.sampled_from(sorted(PREDICTIONS))
times = st.lists(st.integers(1, 999).map(lambda k: k / 1000), min_size=COUNT, max_size=COUNT)
scales = st.floats(0, 1) | st.floats(1, 20)
levels = st.floats(0.01, 100)
rescales = st.sampled_from([0.0, 0.7, 1.0])


class Network:
    """Another image for every time and label; remembers the sizes of its batches."""

    def __init__(self) -> None:
        self.batches: list[int] = []

    def __call__(self, x: Tensor, t: Tensor, cond: Condition) -> Tensor:
        assert len(x) == len(t)
        self.batches.append(len(x))
        label = cond["label"] if cond else torch.zeros(len(x))
        return torch.sin(3 * x + (label + t).view(-1, 1, 1, 1)) * (1 + label.view(-1, 1, 1, 1))


def batch(seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(COUNT, *SHAPE, generator=generator, dtype=torch.float64)


def moments(values: list[float]) -> Tensor:
    return torch.tensor(values, dtype=torch.float64)


def one_network(network: Network, guidance: Guidance, prediction: str = "v") -> Denoise:
    strong, weak = Conditioned(network, ONES), Conditioned(network, NULL)
    return guided_denoiser(strong, weak, guidance, SCHEDULE, PREDICTIONS[prediction])


def alone(condition: Condition, prediction: str = "v") -> Denoise:
    return denoiser(Conditioned(Network(), condition), SCHEDULE, PREDICTIONS[prediction])


def equal(pair: tuple[Tensor, Tensor], other: tuple[Tensor, Tensor]) -> bool:
    return torch.equal(pair[0], other[0]) and torch.equal(pair[1], other[1])


def test_the_registry_has_the_names_of_the_catalogue() -> None:
    assert set(GUIDANCE) == set(CATALOGUE_GUIDANCE)


@given(st.sampled_from(["cfg", "apg"]), predictions, times, st.none() | levels, rescales)
def test_guidance_one_equals_no_guidance(
    kind: str, prediction: str, t: list[float], sigma_max: float | None, rescale: float
) -> None:
    network, guidance = Network(), Guidance(kind, 1.0, rescale, sigma_max=sigma_max)
    pair = one_network(network, guidance, prediction)(batch(), moments(t))
    assert equal(pair, alone(ONES, prediction)(batch(), moments(t)))
    assert network.batches == [COUNT]


@given(predictions, times)
def test_cfgpp_at_one_keeps_the_weak_noise_of_the_strong_image(
    prediction: str, t: list[float]
) -> None:
    # Chung 2024, algorithm 2 at λ = 1: x0 of the condition alone, renoised without it
    network = Network()
    x0, eps = one_network(network, Guidance("cfgpp", 1.0), prediction)(batch(), moments(t))
    strong, _ = alone(ONES, prediction)(batch(), moments(t))
    _, weak = alone(NULL, prediction)(batch(), moments(t))
    torch.testing.assert_close(x0, strong, rtol=1e-9, atol=1e-9)
    assert torch.equal(eps, weak)
    assert network.batches == [2 * COUNT]


@given(st.sampled_from(["cfg", "cfgpp"]), predictions, times)
def test_guidance_zero_equals_the_weak_prediction(
    kind: str, prediction: str, t: list[float]
) -> None:
    network = Network()
    pair = one_network(network, Guidance(kind, 0.0), prediction)(batch(), moments(t))
    assert equal(pair, alone(NULL, prediction)(batch(), moments(t)))
    assert network.batches == [COUNT]


@given(kinds, st.sampled_from([0.0, 1.0]), predictions, times, rescales, st.booleans())
def test_every_kind_is_continuous_where_one_prediction_may_do(
    kind: str, scale: float, prediction: str, t: list[float], rescale: float, clip: bool
) -> None:
    def pair(scale: float) -> tuple[Tensor, Tensor]:
        network = Network()
        sides = Conditioned(network, ONES), Conditioned(network, NULL)
        guidance = Guidance(kind, scale, rescale)
        denoise = guided_denoiser(*sides, guidance, SCHEDULE, PREDICTIONS[prediction], clip=clip)
        return denoise(batch(), moments(t))

    for here, beside in zip(pair(scale), pair(abs(scale - 1e-12)), strict=True):
        close = 1e-8 * here.abs().amax((1, 2, 3), keepdim=True).clamp(min=1)
        assert bool(((here - beside).abs() <= close).all())


@given(predictions, times, scales)
def test_classifier_free_guidance_moves_x0_and_eps_along_one_line(
    prediction: str, t: list[float], scale: float
) -> None:
    x, at = batch(), moments(t)
    pair = one_network(Network(), Guidance("cfg", scale), prediction)(x, at)
    strong, weak = alone(ONES, prediction)(x, at), alone(NULL, prediction)(x, at)
    for guided, to, away in zip(pair, strong, weak, strict=True):
        torch.testing.assert_close(guided, away + scale * (to - away), rtol=1e-9, atol=1e-9)


@given(kinds, scales.filter(lambda s: s not in (0, 1)))
def test_other_scales_cost_one_batch_of_two_evaluations_an_image(kind: str, scale: float) -> None:
    network = Network()
    one_network(network, Guidance(kind, scale))(batch(), moments([0.5] * COUNT))
    assert network.batches == [2 * COUNT]


@given(kinds, times, levels, levels, st.sampled_from([0.0, 0.5, 3.0]))
def test_each_row_is_guided_within_the_interval_and_only_there(
    kind: str, t: list[float], one: float, other: float, scale: float
) -> None:
    low, high = sorted((one, other))
    at = moments(t)
    level = SCHEDULE.noise_level(at)
    inside = (low < level) & (level <= high)
    network = Network()
    x0, eps = one_network(network, Guidance(kind, scale, 0.0, low, high))(batch(), at)
    guided = one_network(Network(), Guidance(kind, scale))(batch(), at)
    plain = alone(ONES)(batch(), at)
    for row in range(COUNT):
        expected = guided if inside[row] else plain
        assert torch.equal(x0[row], expected[0][row])
        assert torch.equal(eps[row], expected[1][row])
    both = GUIDANCE[kind].alone(Guidance(kind, scale)) is None
    assert network.batches == [COUNT + (int(inside.sum()) if both else 0)]


def test_the_interval_has_its_upper_end_but_not_its_lower() -> None:
    level = moments([0.5, 1.0, 2.0, torch.inf])
    assert Guidance(sigma_min=0.5, sigma_max=2.0).covers(level).tolist() == [0, 1, 1, 0]
    assert Guidance(sigma_min=0.5).covers(level).tolist() == [0, 1, 1, 1]


@given(kinds, times, st.permutations(range(COUNT)), st.sampled_from([0.0, 0.3]))
def test_an_image_does_not_depend_on_its_batch_under_guidance(
    kind: str, t: list[float], order: list[int], rescale: float
) -> None:
    index, at, network = torch.tensor(order[:4]), moments(t), Network()
    guidance = Guidance(kind, 0.6, rescale, 0.2, 5.0)
    rows = [Conditioned(network, Conditioned(network, c).of(index)) for c in (ONES, NULL)]
    few = guided_denoiser(rows[0], rows[1], guidance, SCHEDULE, PREDICTIONS["v"])
    whole = one_network(network, guidance)(batch(), at)
    part = few(batch()[index], at[index])
    # torch sums the deviation of a single row in another order: to the last digit then
    rounding = 1e-14 if rescale else 0
    for some, every in zip(part, whole, strict=True):
        torch.testing.assert_close(some, every[index], rtol=rounding, atol=rounding)


@given(st.floats(0, 5).filter(lambda s: s not in (0, 1)), times)
def test_a_weaker_network_guides_with_an_evaluation_of_its_own(
    scale: float, t: list[float]
) -> None:
    strong, weak, evaluations = Network(), Network(), Evaluations()
    denoise = guided_denoiser(
        Conditioned(evaluations.counted(strong), ONES),
        Conditioned(evaluations.counted(lambda x, t, c: 0.5 * weak(x, t, c)), ONES),
        Guidance("cfg", scale, sigma_max=1.0),
        SCHEDULE,
        PREDICTIONS["x0"],
    )
    at = moments(t)
    x0, _ = denoise(batch(), at)
    inside = SCHEDULE.noise_level(at) <= 1
    strength = torch.where(inside, moments([0.5 + scale * 0.5]), 1).view(-1, 1, 1, 1)
    expected = strength * alone(ONES, "x0")(batch(), at)[0]
    torch.testing.assert_close(x0, expected, rtol=1e-12, atol=1e-12)
    assert strong.batches == [COUNT]
    assert weak.batches == ([int(inside.sum())] if inside.any() else [])
    assert evaluations.rows == COUNT + int(inside.sum())


def test_without_a_weak_prediction_a_network_is_asked_once() -> None:
    network = Network()
    denoise = guided_denoiser(
        Conditioned(network, {}), None, Guidance("cfg", 4.0), SCHEDULE, PREDICTIONS["eps"]
    )
    denoise(batch(), moments([0.5] * COUNT))
    assert network.batches == [COUNT]


@pytest.mark.parametrize("kind", sorted(GUIDANCE))
def test_clipping_comes_after_guidance(kind: str) -> None:
    x, t = batch(), moments([0.9] * COUNT)
    strong, weak = Conditioned(Network(), ONES), Conditioned(Network(), NULL)
    scale = 0.9 if kind == "cfgpp" else 6.0
    x0, eps = guided_denoiser(
        strong, weak, Guidance(kind, scale), SCHEDULE, PREDICTIONS["v"], clip=True
    )(x, t)
    free, _ = one_network(Network(), Guidance(kind, scale))(x, t)
    assert torch.equal(x0, free.clamp(-1, 1))
    assert not torch.equal(x0, free)
    if kind == "cfgpp":
        _, expected = denoiser(weak, SCHEDULE, PREDICTIONS["v"], clip=True)(x, t)
        assert torch.equal(eps, expected)
    else:
        alpha, sigma = SCHEDULE.at(t)
        pair = alpha.view(-1, 1, 1, 1) * x0 + sigma.view(-1, 1, 1, 1) * eps
        torch.testing.assert_close(pair, x)
