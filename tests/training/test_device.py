"""A whole step on another device than the CPU: torch's `meta`, whose tensors have no values.

There a look at a value fails, as does an operation on tensors of two devices; both would make a GPU
wait.
"""

from typing import Any

import pytest
import torch
from torch import nn

from components.networks.checkpoint import new_checkpoint
from components.process.transfer import to_device
from components.spec.sections.network import NetworkSpec
from components.spec.sections.training import TrainingSpec
from components.training.denoising_loss import DenoisingLoss
from components.training.denoising_task import denoising_task
from components.training.module import TrainingModule
from tests.model_config import model_config
from tests.networks.denoisers.test_denoisers import OWN, SMALL

META = torch.device("meta")


@pytest.mark.parametrize("kind", OWN)
@pytest.mark.parametrize(
    "training",
    [
        {},
        {"accumulate": 3, "time_sampling": "lognormal_sigma"},
        {"offset_noise": 0.1, "input_perturbation": 0.1, "loss_weight": "min_snr"},
    ],
)
def test_a_step_looks_at_no_value_and_mixes_no_devices(kind: str, training: dict[str, Any]) -> None:
    module, batch = on_meta(kind, training)
    step(module, batch)
    assert all(weight.grad is None or weight.grad.device == META for weight in module.parameters())
    with pytest.raises((NotImplementedError, RuntimeError), match="meta"):
        module.losses.read()


def test_a_loss_that_looks_at_a_value_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = DenoisingLoss.__call__

    def looking(self: DenoisingLoss, *given: Any) -> torch.Tensor:
        loss = plain(self, *given)
        return loss if loss.item() < 1e9 else loss * 0

    monkeypatch.setattr(DenoisingLoss, "__call__", looking)
    with pytest.raises(RuntimeError, match="meta"):
        step(*on_meta("unet", {}))


def test_numbers_are_cast_before_they_go_over() -> None:
    values = torch.tensor([1 / 3], dtype=torch.float64)
    assert to_device(values, "cpu") is values
    assert torch.equal(to_device(values, "cpu", torch.float32), values.float())
    assert to_device(values, META, torch.float32).device == META


def on_meta(kind: str, training: dict[str, Any]) -> tuple[TrainingModule, Any]:
    """A module that trains a small network, and a batch."""
    values = NetworkSpec(kind=kind, **SMALL).settled()
    config = model_config("class", dropout=0.5).model_copy(update={"network": values})
    spec = TrainingSpec(**{"steps": 3, "batch_size": 8, "warmup_steps": 0, **training})
    module = TrainingModule(denoising_task(new_checkpoint(config, 0), spec), spec).to(META)
    x0 = torch.empty((8, 1, 8, 8), device=META)
    return module, (0, x0, {"class_labels": torch.zeros(8, dtype=torch.int64, device=META)})


def step(module: TrainingModule, batch: Any) -> None:
    """What Lightning does in a step."""
    made = module.configure_optimizers()
    module.losses.begin(batch[0])
    for loss in module._losses(batch):
        loss.backward()
    nn.utils.clip_grad_norm_(module.network.parameters(), 1.0)
    made["optimizer"].step()
    made["lr_scheduler"]["scheduler"].step()
    module.move_average()
