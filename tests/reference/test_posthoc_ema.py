"""Any EMA length rebuilt from snapshots equals that EMA, followed directly during the training.

The direct average is computed here from the weights after every step, in float64, as the sum
that the profile (γ + 1) τ^γ / t^{γ + 1} asks for; γ comes from bisection. Nothing of
`components.networks.posthoc_ema` takes part in it.

Errors are ‖rebuilt − direct‖ / ‖direct‖ over all weights. In a run of 100 steps at a constant
learning rate, for σ_rel

    0.03     0.04     0.07     0.12     0.15     0.20
    1.5e-5   3.3e-6   9.7e-7   1.3e-6   8.0e-6   1.0e-4    at the end, from 20 snapshots
    8.5e-5   2.2e-5   8.3e-6   1.4e-5   6.5e-5   4.3e-4    after step 50, from 10 snapshots

while the network's own weights are 2e-3 to 2e-2 away from the average.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from components.networks.checkpoint import load_checkpoint
from components.runtime import Runtime
from components.spec.sections.codec import CodecConfig
from components.spec.sections.network import ConditioningSpec, NetworkSpec
from components.spec.sections.process import ProcessSpec
from components.spec.sections.training import TrainingSpec
from components.training.module import TrainingModule
from components.training.train import train

STEPS, SNAPSHOTS = 100, 20


def flat(network: nn.Module) -> np.ndarray:
    weights = [w.detach().double().flatten() for w in network.parameters()]
    return torch.cat(weights).numpy()


@dataclass(frozen=True)
class Run:
    """A trained model's directory, and its weights after each step (steps, weights)."""

    out: Path
    path: np.ndarray

    def direct(self, sigma_rel: float, step: int) -> np.ndarray:
        """The average of ``sigma_rel`` after ``step``."""
        low, high = 0.0, 1e5
        for _ in range(200):
            gamma = (low + high) / 2
            longer = np.sqrt((gamma + 1) / (gamma + 3)) / (gamma + 2) > sigma_rel
            low, high = (gamma, high) if longer else (low, gamma)
        edges = (np.arange(step + 1) / step) ** (low + 1)
        return np.diff(edges) @ self.path[:step]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, digits: Path) -> Run:
    path: list[np.ndarray] = []
    plain = TrainingModule.move_average

    def recorded(module: TrainingModule) -> None:
        plain(module)
        path.append(flat(module.network))

    out = tmp_path_factory.mktemp("trained")
    training = TrainingSpec(
        steps=STEPS,
        batch_size=16,
        lr=2e-3,
        lr_decay="constant",  # with a decay to zero the last weights and their averages are one
        warmup_steps=5,
        evaluate_every=0,
        ema_snapshots=SNAPSHOTS,
    )
    sections = {
        "codec": CodecConfig(),
        "process": ProcessSpec(),
        "network": NetworkSpec(channels=[8, 8], layers_per_block=1),
        "conditioning": ConditioningSpec(),
        "training": training,
    }
    spec = {name: section.model_dump(mode="json") for name, section in sections.items()}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TrainingModule, "move_average", recorded)
        train(spec, {"data": digits}, out, Runtime(accelerator="cpu"))
    return Run(out, np.stack(path))


def distance(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.linalg.norm(a - b) / np.linalg.norm(b))


@pytest.mark.parametrize("sigma_rel", [0.03, 0.04, 0.07, 0.12, 0.15, 0.20])
@pytest.mark.parametrize("at_step", [None, STEPS // 2])
def test_a_rebuilt_average_is_the_one_followed_directly(
    run: Run, sigma_rel: float, at_step: int | None
) -> None:
    step = at_step or STEPS
    direct = run.direct(sigma_rel, step)
    model = load_checkpoint(run.out, ema_length=sigma_rel, at_step=at_step)
    error = distance(flat(model.network), direct)
    assert error < 1e-3
    assert distance(run.path[step - 1], direct) > 5 * error, "the last weights would do as well"


@pytest.mark.parametrize("sigma_rel", [0.05, 0.10])
@pytest.mark.parametrize("at_step", [None, STEPS // 2, STEPS // SNAPSHOTS])
def test_a_tracked_average_is_exact_to_float32(
    run: Run, sigma_rel: float, at_step: int | None
) -> None:
    direct = run.direct(sigma_rel, at_step or STEPS)
    model = load_checkpoint(run.out, ema_length=sigma_rel, at_step=at_step)
    assert distance(flat(model.network), direct) < 1e-6
