"""The training loss: plain by default, weighted row by row, its noise and times as asked for."""

import dataclasses
import math
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from components.networks.checkpoint import new_checkpoint
from components.networks.codecs.pixels import Pixels
from components.process.prediction import PREDICTIONS
from components.process.schedules import DISCRETE
from components.process.weights import LOSS_WEIGHTS
from components.spec.sections.codec import CodecConfig
from components.spec.sections.training import TrainingSpec
from components.training.denoising_loss import DenoisingLoss
from tests.model_config import model_config

ROWS = 64


class Silent(nn.Module):
    """A network that predicts 0 and remembers what it was shown: the loss is its target's size."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(()))

    def forward(self, x: Tensor, timestep: Tensor) -> Tensor:
        self.x, self.timestep = x.detach(), timestep.detach()
        return self.weight * x


def denoising_loss(process: dict[str, Any], **training: Any) -> DenoisingLoss:
    config = model_config("none", grey=False, classes=(), widths=(8, 8), **process)
    model = dataclasses.replace(new_checkpoint(config, 0), network=Silent())
    return DenoisingLoss(model, TrainingSpec(**training))


def loss_of(made: DenoisingLoss, step: int = 0, x0: Tensor | None = None) -> Tensor:
    network = made.model.network
    return made(network, network, step, pictures() if x0 is None else x0, {})


def pictures(rows: int = ROWS) -> Tensor:
    """x0 of random pixels."""
    generator = torch.Generator().manual_seed(5)
    levels = torch.randint(0, 256, (rows, 3, 8, 8), generator=generator, dtype=torch.uint8)
    return Pixels(CodecConfig(), (3, 8, 8)).encode(levels)


@dataclasses.dataclass(frozen=True)
class Step:
    """What a step did: its loss, and what the network saw, undone."""

    loss: float
    x0: Tensor
    noise: Tensor
    alpha: Tensor
    sigma: Tensor
    index: Tensor


def step_of(
    process: dict[str, Any], step: int = 0, x0: Tensor | None = None, **training: Any
) -> Step:
    """One step on a discrete table, whose timesteps give the times back."""
    made = denoising_loss(process, **training)
    x0 = pictures() if x0 is None else x0
    loss = loss_of(made, step, x0).item()
    network = made.model.network
    assert isinstance(network, Silent)
    index = network.timestep.round().long()
    bars = made.model.schedule.alphas_cumprod
    assert bars is not None
    alpha, sigma = (v[index].view(-1, 1, 1, 1) for v in (bars.sqrt(), (1 - bars).sqrt()))
    x0 = x0.double()
    scale = made.model.prediction.scale(alpha, sigma)
    return Step(loss, x0, (network.x.double() / scale - alpha * x0) / sigma, alpha, sigma, index)


@pytest.mark.parametrize("kind", PREDICTIONS)
@pytest.mark.parametrize("schedule", ["linear", "cosine"])
def test_the_default_loss_is_the_plain_mean_squared_error(schedule: str, kind: str) -> None:
    done = step_of({"schedule": schedule, "prediction": kind})
    target = PREDICTIONS[kind].target(done.x0, done.noise, done.alpha, done.sigma)
    assert done.loss == pytest.approx((target**2).mean().item(), rel=1e-4)
    assert done.noise.std().item() == pytest.approx(1, abs=0.02)
    assert done.noise.mean().item() == pytest.approx(0, abs=0.04)
    assert len(done.index.unique()) > ROWS / 2


def test_rows_are_weighted_each_by_its_own_noise_level() -> None:
    done = step_of({"schedule": "cosine", "prediction": "v"}, loss_weight="min_snr", snr_gamma=2.0)
    snr = done.alpha**2 / done.sigma**2
    target = done.alpha * done.noise - done.sigma * done.x0
    expected = (snr.clamp(max=2.0) / (snr + 1) * target**2).mean().item()
    assert done.loss == pytest.approx(expected, rel=1e-4)
    assert done.loss != pytest.approx((target**2).mean().item(), rel=0.1)


def test_edms_weight_is_one_on_its_own_prediction_whatever_the_spread_of_the_data() -> None:
    process = {"schedule": "edm", "prediction": "edm", "sigma_data": 0.3}
    weighted = loss_of(denoising_loss(process, loss_weight="edm"))
    plain = loss_of(denoising_loss(process))
    torch.testing.assert_close(weighted, plain, rtol=1e-6, atol=0)


@pytest.mark.parametrize("name", LOSS_WEIGHTS)
@pytest.mark.parametrize("kind", ["v", "x0", "flow", "edm"])
@pytest.mark.parametrize("schedule", ["cosine", "scaled_linear"])
def test_the_loss_is_finite_where_the_snr_is_zero(schedule: str, kind: str, name: str) -> None:
    process = {"schedule": schedule, "prediction": kind, "zero_terminal_snr": True, "steps": 10}
    made = denoising_loss(process, loss_weight=name, time_sampling="low_discrepancy")
    loss = loss_of(made)
    assert isinstance(made.model.network, Silent)
    assert made.model.network.timestep.max() == 9, "the last time is among the rows"
    loss.backward()
    assert bool(loss.isfinite())
    assert bool(made.model.network.weight.grad.isfinite())


def test_offset_noise_moves_whole_channels_and_is_part_of_the_target() -> None:
    process = {"schedule": "linear", "prediction": "eps"}
    plain, moved = step_of(process), step_of(process, offset_noise=0.8)
    added = moved.noise - plain.noise
    mean = added.mean((2, 3), keepdim=True)
    # undoing x_t costs digits where there is little noise
    torch.testing.assert_close(added, mean.expand_as(added), rtol=0, atol=1e-3)
    assert mean.std().item() == pytest.approx(0.8, rel=0.2)
    assert moved.loss == pytest.approx((moved.noise**2).mean().item(), rel=1e-4)


def test_input_perturbation_is_in_the_input_but_not_in_the_target() -> None:
    process = {"schedule": "linear", "prediction": "eps"}
    plain, noisier = step_of(process), step_of(process, input_perturbation=0.6)
    added = noisier.noise - plain.noise
    assert added.std().item() == pytest.approx(0.6, rel=0.03)
    assert noisier.loss == pytest.approx(plain.loss, rel=1e-6)
    assert noisier.loss == pytest.approx((plain.noise**2).mean().item(), rel=1e-4)


def test_times_are_sampled_as_asked_for() -> None:
    process = {"schedule": "cosine", "prediction": "v", "steps": 640}
    strides = step_of(process, time_sampling="low_discrepancy").index.sort()[0].diff()
    assert set(strides.tolist()) <= {9, 10, 11}
    logit = step_of(process, time_sampling="logit_normal", time_mean=1.0, time_std=0.01)
    assert (logit.index / 640).mean().item() == pytest.approx(1 / (1 + math.exp(-1)), abs=0.01)
    level = step_of(process, time_sampling="lognormal_sigma", time_mean=-1.0, time_std=0.01)
    assert (level.sigma / level.alpha).log().mean().item() == pytest.approx(-1, abs=0.01)


@pytest.mark.parametrize(
    "training",
    [{}, {"offset_noise": 0.1, "input_perturbation": 0.1, "time_sampling": "logit_normal"}],
)
@pytest.mark.parametrize("schedule", [*sorted(set(DISCRETE) - {"table"}), "rectified_flow", "edm"])
def test_a_step_depends_on_seed_and_step_alone(schedule: str, training: dict[str, Any]) -> None:
    made = denoising_loss({"schedule": schedule}, **training)
    state = torch.get_rng_state()
    first = loss_of(made, 3)
    assert torch.equal(torch.get_rng_state(), state), "the global generator is left alone"
    torch.rand(7)
    assert torch.equal(loss_of(made, 3), first)
    assert not torch.equal(loss_of(made, 4), first)
    other = denoising_loss({"schedule": schedule}, seed=1, **training)
    assert not torch.equal(loss_of(other, 3), first)
