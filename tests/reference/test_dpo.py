"""Diffusion-DPO against the loss of its authors' training script, its equation and closed forms.

`authors_loss` is what the training script of Wallace et al. 2023 computes, on means; `equation_14`
is the paper's, on sums. Neither has anything of ours but the networks and the schedules.
"""

import itertools
import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from components.finetuning.dpo import Preference
from components.finetuning.preference_pairs import WEIGHT
from components.networks.checkpoint import Checkpoint, new_checkpoint
from components.networks.ema import copy_for_ema
from components.process.streams import Purpose, generator
from components.spec.sections.training import TrainingSpec
from components.training.denoising_loss import DenoisingLoss
from components.training.parts import parts_of, share_of
from tests.model_config import model_config

PAIRS, BETA, STEP, SEED = 4, 10.0, 7, 3
KINDS = [
    ("linear", "eps", "uniform"),
    ("linear", "v", "uniform"),
    ("cosine", "x0", "uniform"),
    ("cosine", "eps", "min_snr"),
    ("cosine", "v", "snr_trunc"),
    ("rectified_flow", "flow", "uniform"),
    ("edm", "edm", "edm"),
]


def moved(network: nn.Module, seed: int) -> nn.Module:
    """A copy with other weights: an untrained network answers zero to everything."""
    copy = copy_for_ema(network)
    random = torch.Generator().manual_seed(seed)
    for weights in copy.parameters():
        weights.add_(0.05 * torch.randn(weights.shape, generator=random))
    return copy


def tuned(
    schedule: str = "linear", prediction: str = "eps", weight: str = "uniform"
) -> tuple[Checkpoint, Preference]:
    """A model with weights of its own, to be held to a reference with others."""
    config = model_config(schedule=schedule, prediction=prediction, steps=1000)
    model = new_checkpoint(config, seed=0)
    reference = moved(model.network, 1)
    model.network.load_state_dict(moved(model.network, 2).state_dict())
    training = TrainingSpec(seed=SEED, loss_weight=weight, snr_gamma=5.0)
    return model, Preference(DenoisingLoss(model, training), reference, BETA)


def shown(weights: list[float]) -> tuple[Tensor, dict[str, Tensor]]:
    """Pairs of images (pair, 2, channel, height, width), and their rows."""
    random = torch.Generator().manual_seed(5)
    x0 = torch.rand(len(weights), 2, 1, 8, 8, generator=random) * 2 - 1
    classes = torch.arange(len(weights)) % 3
    return x0, {"class_labels": classes, WEIGHT: torch.tensor(weights)}


def drawn(model: Checkpoint, count: int) -> tuple[Tensor, Tensor]:
    """ε and t of the step, one for each pair."""
    random = generator(SEED, STEP, Purpose.TRAINING)
    eps = torch.randn(count, 1, 8, 8, generator=random)
    share = torch.rand(count, generator=random, dtype=torch.float64)
    return eps, model.schedule.trained_time(share)


def errors(model: Checkpoint, weight: str) -> Callable[..., Tensor]:
    """(network, x0, ε, t, classes) → (pair, channel, height, width) squared errors times the
    weights, from the formulas in the papers."""
    kind = model.config.process.prediction

    def of(network: nn.Module, x0: Tensor, eps: Tensor, t: Tensor, classes: Tensor) -> Tensor:
        shape = (-1, 1, 1, 1)
        alpha, sigma = (
            each.float().view(shape) for each in (model.schedule.alpha(t), model.schedule.sigma(t))
        )
        spread = (sigma**2 + 0.25 * alpha**2).sqrt()
        scale, target = {
            "eps": (1.0, eps),
            "x0": (1.0, x0),
            "v": (1.0, alpha * eps - sigma * x0),
            "flow": (1.0, eps - x0),
            "edm": (1 / spread, (sigma * x0 - 0.25 * alpha * eps) / (0.5 * spread)),
        }[kind]
        snr = (alpha / sigma) ** 2
        counts = {
            "uniform": torch.ones_like(snr),
            "min_snr": snr.clamp(max=5) / snr,  # on ε
            "snr_trunc": snr.clamp(min=1) / (1 + snr),  # on v
            "edm": torch.ones_like(snr),  # on F
        }[weight]
        x_t = scale * (alpha * x0 + sigma * eps)
        output = network(x_t, model.schedule.timestep(t), class_labels=classes)
        return counts * (output - target) ** 2

    return of


def authors_loss(
    of: Callable[..., Tensor],
    networks: tuple[nn.Module, nn.Module],
    x0: Tensor,
    noise: tuple[Tensor, Tensor],
    rows: dict[str, Tensor],
) -> Tensor:
    """On means over the elements; one noise and one time for winner and loser."""
    eps, t = noise
    sides = [
        [of(net, x0[:, side], eps, t, rows["class_labels"]).mean((1, 2, 3)) for net in networks]
        for side in (0, 1)
    ]
    (own_w, base_w), (own_l, base_l) = sides
    inside = -0.5 * BETA * ((own_w - own_l) - (base_w - base_l))
    return (rows[WEIGHT] * nn.functional.softplus(-inside)).mean()


def equation_14(
    of: Callable[..., Tensor],
    networks: tuple[nn.Module, nn.Module],
    x0: Tensor,
    noise: tuple[Tensor, Tensor],
    rows: dict[str, Tensor],
) -> Tensor:
    """With ‖·‖² as sums: β T there is β/(2 D) here, D the elements of x0; a pair at a time."""
    eps, t = noise
    total = torch.zeros(())
    for k in range(len(x0)):
        row = slice(k, k + 1)
        square = [
            [
                of(net, x0[row, side], eps[row], t[row], rows["class_labels"][row]).sum()
                for net in networks
            ]
            for side in (0, 1)
        ]
        (own_w, ref_w), (own_l, ref_l) = square
        beta_t = BETA / (2 * x0[0, 0].numel())
        inside = -beta_t * ((own_w - ref_w) - (own_l - ref_l))
        total = total - rows[WEIGHT][k] * torch.log(torch.sigmoid(inside))
    return total / len(x0)


@pytest.mark.parametrize("loss", [authors_loss, equation_14])
@pytest.mark.parametrize(("schedule", "prediction", "weight"), KINDS)
def test_the_loss_is_the_authors_and_the_equations(
    schedule: str, prediction: str, weight: str, loss: Callable[..., Tensor]
) -> None:
    model, objective = tuned(schedule, prediction, weight)
    x0, rows = shown([1.0, 0.25, 0.5, 1.0])
    found = objective(model.network, model.network, STEP, x0, dict(rows))
    networks = model.network, objective.reference
    expected = loss(errors(model, weight), networks, x0, drawn(model, PAIRS), rows)
    assert abs(found.item() - expected.item()) < 1e-6 * max(1, abs(expected.item()))
    assert abs(found.item() - math.log(2) * rows[WEIGHT].mean().item()) > 1e-3, "something moved"
    (own,) = torch.autograd.grad(found, [last(model.network)])
    (theirs,) = torch.autograd.grad(expected, [last(model.network)])
    torch.testing.assert_close(own, theirs, rtol=1e-4, atol=1e-6)


def last(network: nn.Module) -> nn.Parameter:
    return [*network.parameters()][-1].requires_grad_(True)


def gradient(objective: Preference, x0: Tensor, rows: dict[str, Tensor]) -> tuple[float, Tensor]:
    """The loss of the reference held to itself, and its gradient in all weights."""
    network = copy_for_ema(objective.reference).requires_grad_(True)
    loss = objective(network, network, STEP, x0, dict(rows))
    parts = torch.autograd.grad(loss, [*network.parameters()], allow_unused=True)
    return loss.item(), torch.cat([each.flatten() for each in parts if each is not None])


def test_at_the_start_the_loss_is_log_2_and_the_gradient_that_of_the_plain_losses() -> None:
    model, objective = tuned()
    x0, rows = shown([1.0, 0.25, 0.5, 1.0])
    loss, found = gradient(objective, x0, rows)
    assert loss == pytest.approx(math.log(2) * (1.0 + 0.25 + 0.5 + 1.0) / 4, abs=1e-6)
    network = copy_for_ema(objective.reference).requires_grad_(True)
    noise, of = drawn(model, PAIRS), errors(model, "uniform")
    won, lost = (
        of(network, x0[:, side], *noise, rows["class_labels"]).mean((1, 2, 3)) for side in (0, 1)
    )
    plain = (rows[WEIGHT] * (won - lost)).mean()
    parts = torch.autograd.grad(plain, [*network.parameters()], allow_unused=True)
    expected = torch.cat([each.flatten() for each in parts if each is not None])
    # −log σ falls by half at 0, and the margin is −β/2 of that difference
    torch.testing.assert_close(found, BETA / 4 * expected, rtol=1e-4, atol=1e-6)
    assert found.norm() > 0.02


def test_losers_in_the_place_of_winners_mirror_it() -> None:
    model, objective = tuned()
    x0, rows = shown([1.0, 0.25, 0.5, 1.0])
    given = model.network, model.network, STEP
    one = objective(*given, x0, dict(rows)).item()
    other = objective(*given, x0.flip(1), dict(rows)).item()
    networks, noise = (model.network, objective.reference), drawn(model, PAIRS)
    of = errors(model, "uniform")
    apart = [
        [of(net, x0[:, side], *noise, rows["class_labels"]).mean((1, 2, 3)) for net in networks]
        for side in (0, 1)
    ]
    margin = -BETA / 2 * ((apart[0][0] - apart[0][1]) - (apart[1][0] - apart[1][1]))
    # −log σ(−m) − (−log σ(m)) = m
    assert other - one == pytest.approx((rows[WEIGHT] * margin).mean().item(), abs=1e-5)
    _, forth = gradient(objective, x0, rows)
    _, back = gradient(objective, x0.flip(1), rows)
    torch.testing.assert_close(forth, -back, rtol=1e-3, atol=1e-5)


def test_a_pair_of_no_weight_changes_nothing() -> None:
    model, objective = tuned()
    x0, rows = shown([1.0, 0.0, 0.5, 1.0])
    other = x0.clone()
    other[1] = -other[1].flip(0)
    given = model.network, model.network, STEP
    one = objective(*given, x0, dict(rows)).item()
    assert objective(*given, other, dict(rows)).item() == pytest.approx(one, abs=1e-7)
    (_, first), (_, second) = gradient(objective, x0, rows), gradient(objective, other, rows)
    torch.testing.assert_close(first, second, rtol=1e-4, atol=1e-6)


def test_winners_by_coins_leave_no_gradient_on_average() -> None:
    _, objective = tuned()
    x0, rows = shown([1.0, 0.25, 0.5])
    found = []
    for coins in itertools.product([False, True], repeat=3):
        turned = torch.stack(
            [pair.flip(0) if c else pair for c, pair in zip(coins, x0, strict=True)]
        )
        found.append(gradient(objective, turned, rows)[1])
    assert torch.stack(found).mean(0).abs().max() < 1e-5
    assert min(each.norm() for each in found) > 0.01


def test_parts_of_a_step_say_together_what_the_whole_says() -> None:
    model, objective = tuned()
    x0, rows = shown([1.0, 0.25, 0.5, 1.0])
    given = model.network, model.network, STEP, x0
    whole = objective(*given, dict(rows)).item()
    parts = [
        share_of(part, PAIRS) * objective(*given, dict(rows), part).item()
        for part in parts_of(PAIRS, 3)
    ]
    assert sum(parts) == pytest.approx(whole, abs=1e-6)
