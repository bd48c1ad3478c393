"""What saves memory changes how a step is computed, and not what is learnt."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import pytorch_lightning as pl
import torch
from torch import Tensor, nn

from components.errors import AlphabarError
from components.networks.checkpoint import new_checkpoint
from components.runtime import Runtime
from components.spec.loading import parse_experiment
from components.spec.plan import Compute, plan_baselines
from components.spec.sections.network import NetworkSpec
from components.spec.sections.training import TrainingSpec
from components.training.batches import Batches, TrainingData
from components.training.checkpointing import compute_again
from components.training.denoising_task import denoising_task
from components.training.losses import DivergedError
from components.training.module import TrainingModule
from components.training.optimizers import OPTIMIZERS
from components.training.parts import parts_of, share_of
from components.training.resume import RESUME_FILE, KeepResumePoint
from tests.model_config import DIGITS, model_config
from tests.networks.denoisers.test_denoisers import OWN, SMALL
from tests.training.test_networks import StoppedError, settings, stop, trained

EVERY = pytest.mark.parametrize("kind", OWN)
TOLD = pytest.mark.parametrize("encoder", ["none", "class", "minilm"])


class Gradient(pl.Callback):
    """Keeps the first step's gradient."""

    def __init__(self) -> None:
        self.found: dict[str, Tensor] = {}

    def on_before_optimizer_step(self, trainer: Any, pl_module: Any, optimizer: Any) -> None:
        if not self.found:
            weights = pl_module.network.named_parameters()
            self.found = {name: w.grad.clone() for name, w in weights if w.grad is not None}


def module_of(data: Path, kind: str, encoder: str, **training: Any) -> tuple[Any, TrainingData]:
    """A module that trains a small network, and its data."""
    values = NetworkSpec(kind=kind, **SMALL).settled()
    config = model_config(encoder, classes=DIGITS).model_copy(update={"network": values})
    spec = TrainingSpec(**{"steps": 3, "batch_size": 8, "warmup_steps": 0, **training})
    model = new_checkpoint(config, 0)
    with torch.no_grad():  # a transformer's zeros hide most of its gradient
        for weights in model.network.parameters():
            weights.add_(torch.ones_like(weights) / 50)
    task = denoising_task(model, spec)
    rows = {"batch_size": spec.batch_size, "first": 0, "last": spec.steps, "seed": spec.seed}
    batches = Batches(task.data({"data": data}), **rows)
    return TrainingModule(task, spec), TrainingData(batches)


def trainer(steps: int, callback: pl.Callback, **others: Any) -> pl.Trainer:
    quiet = ("logger", "enable_checkpointing", "enable_progress_bar", "enable_model_summary")
    return pl.Trainer(
        max_steps=steps,
        accelerator="cpu",
        callbacks=[callback],
        **dict.fromkeys(quiet, False),
        **others,
    )


def gradient(data: Path, kind: str, encoder: str, **training: Any) -> tuple[Any, dict[str, Tensor]]:
    module, batches = module_of(data, kind, encoder, **training)
    kept = Gradient()
    trainer(1, kept).fit(module, datamodule=batches)
    return module, kept.found


@EVERY
@TOLD
def test_parts_have_the_gradient_and_the_loss_of_the_whole(
    digits: Path, kind: str, encoder: str
) -> None:
    module, whole = gradient(digits, kind, encoder)
    split, parts = gradient(digits, kind, encoder, accumulate=3)
    split.losses.read()
    module.losses.read()
    assert split.losses.last == pytest.approx(module.losses.last, rel=1e-5)
    assert parts.keys() == whole.keys()
    norm = torch.stack([each.norm() for each in whole.values()]).norm()
    for name, expected in whole.items():
        torch.testing.assert_close(parts[name], expected, rtol=1e-3, atol=float(norm) * 1e-6)


def half(scale: float = 2.0**9) -> Any:
    """Lightning's half precision, on the CPU, where it would take bfloat16 by itself."""
    scaler = torch.amp.GradScaler("cpu", init_scale=scale, growth_interval=2)
    return pl.plugins.MixedPrecision("16-mixed", "cpu", scaler)


def test_every_part_is_computed_and_scaled_in_half_precision(digits: Path) -> None:
    norms, kinds = [], []
    for parts in (1, 4):
        module, batches = module_of(digits, "unet", "none", accumulate=parts)
        module.network.register_forward_hook(lambda network, given, made: kinds.append(made.dtype))
        kept = Gradient()
        trainer(1, kept, plugins=[half()]).fit(module, datamodule=batches)
        norms.append(float(torch.nn.utils.get_total_norm(kept.found.values())))
    assert kinds == [torch.float16] * 5
    assert norms[1] == pytest.approx(norms[0], rel=0.02)


def test_no_more_rows_than_a_part_has_are_in_the_network_at_once(digits: Path) -> None:
    module, batches = module_of(digits, "unet", "class", accumulate=3)
    seen: list[int] = []
    module.network.register_forward_hook(lambda network, given, made: seen.append(len(made)))
    trainer(2, Gradient()).fit(module, datamodule=batches)
    assert seen == [3, 3, 2] * 2


def test_parts_follow_each_other_and_leave_no_row_out() -> None:
    for count, parts in ((8, 3), (8, 8), (7, 2), (3, 9)):
        found = [range(*part.indices(count)) for part in parts_of(count, parts)]
        assert [row for part in found for row in part] == list(range(count))
        assert len(found) == min(count, parts)
        shares = [share_of(part, count) for part in parts_of(count, parts)]
        assert sum(shares) == pytest.approx(1)


def test_a_part_whose_loss_is_not_finite_ends_the_run(
    digits: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module, batches = module_of(digits, "unet", "none", accumulate=2)
    plain: Callable[..., Tensor] = module.task.objective

    def diverging(*given: Any) -> Tensor:
        loss = plain(*given)
        return loss * float("nan") if given[-1].start else loss

    monkeypatch.setattr(module, "task", type(module.task)(**{
        **{name: getattr(module.task, name) for name in module.task.__dataclass_fields__},
        "objective": diverging,
    }))  # fmt: skip
    trainer(1, Gradient()).fit(module, datamodule=batches)
    with pytest.raises(DivergedError, match="the loss is nan at step 0"):
        module.losses.read()


@EVERY
@pytest.mark.parametrize(
    "training",
    [
        {"accumulate": 3},
        {"accumulate": 2, "gradient_checkpointing": True, "precision": "bf16-mixed"},
    ],
)
def test_a_stopped_run_in_parts_ends_with_the_bytes_of_an_undisturbed_one(
    tmp_path: Path, digits: Path, kind: str, training: dict[str, Any]
) -> None:
    values, scratch = settings(kind, steps=9, batch_size=8, **training), tmp_path / "scratch"
    values["network"]["dropout"] = 0.2
    scratch.mkdir()
    with pytest.raises(StoppedError):
        trained(values, digits, tmp_path / "stopped", Runtime(stop, "cpu", scratch))
    resumed = trained(values, digits, tmp_path / "resumed", Runtime(scratch=scratch))
    assert resumed == trained(values, digits, tmp_path / "whole", Runtime(accelerator="cpu"))


@EVERY
@pytest.mark.parametrize(
    ("encoder", "precision"),
    [("none", "32-true"), ("class", "bf16-mixed"), ("minilm", "32-true")],
)
def test_gradient_checkpointing_changes_no_byte(
    tmp_path: Path, digits: Path, kind: str, encoder: str, precision: str
) -> None:
    made = []
    for number, again in enumerate((False, True)):
        training = {"gradient_checkpointing": again, "precision": precision}
        values = settings(kind, encoder, steps=4, batch_size=8, **training)
        values["network"]["dropout"] = 0.2
        out = tmp_path / str(number)
        made.append(trained(values, digits, out, Runtime(accelerator="cpu")))
    assert made[0] == made[1]


@EVERY
@pytest.mark.parametrize(("again", "times"), [(False, 1), (True, 2)])
def test_with_gradient_checkpointing_a_block_is_computed_twice_a_step(
    digits: Path, kind: str, again: bool, times: int
) -> None:
    module, batches = module_of(digits, kind, "class", gradient_checkpointing=again)
    blocks: dict[str, Callable[[Any], nn.Module]] = {
        "unet": lambda network: network.unet.down_blocks[0].resnets[0],
        "transformer": lambda network: network.transformer.transformer_blocks[0],
    }
    seen: list[int] = []
    block = blocks[kind](module.network)
    block.register_forward_pre_hook(lambda block, given: seen.append(1))
    trainer(1, Gradient()).fit(module, datamodule=batches)
    assert len(seen) == times


def test_a_network_that_cannot_compute_again_is_refused() -> None:
    with pytest.raises(AlphabarError, match=r"gradient_checkpointing.* Linear has none"):
        compute_again(nn.Linear(1, 1))


def test_the_scale_of_half_precision_is_in_the_resume_point(tmp_path: Path, digits: Path) -> None:
    kept = KeepResumePoint(tmp_path, 3, lambda: 0.0)
    module, batches = module_of(digits, "unet", "none")
    trainer(3, kept, plugins=[half()]).fit(module, datamodule=batches)
    scale = torch.load(tmp_path / RESUME_FILE, weights_only=True)["MixedPrecision"]
    assert scale["scale"] == 2.0**10
    assert scale["_growth_tracker"] == 1
    again, rest = module_of(digits, "unet", "none", steps=4)
    batches.batches.first = 3
    rest.batches.first = 3
    resumed = half()
    trainer(4, Gradient(), plugins=[resumed]).fit(
        again, datamodule=rest, ckpt_path=tmp_path / RESUME_FILE, weights_only=True
    )
    assert resumed.state_dict()["scale"] == 2.0**11, "it has grown at the fourth step"


VALUES: dict[str, Any] = {"name": "x", "data": {"source": "digits"}}


def test_an_optimizer_whose_package_is_not_installed_is_refused_at_plan(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    values = VALUES | {"training": {"optimizer": "adamw8bit"}}
    experiment = parse_experiment(values, "FILE")
    monkeypatch.setattr("sys.path", [p for p in __import__("sys").path if "bnb" not in p])
    with pytest.raises(AlphabarError) as refusal:
        plan_baselines(experiment, lambda data: "hash")
    assert "`training.optimizer: adamw8bit` needs the package bitsandbytes" in refusal.value.what
    assert "pip install bitsandbytes" in refusal.value.remedy


def test_half_precision_is_refused_on_a_cpu_and_planned_on_a_gpu() -> None:
    experiment = parse_experiment(VALUES | {"training": {"precision": "16-mixed"}}, "FILE")
    with pytest.raises(AlphabarError, match="`training.precision: 16-mixed` is not computed on"):
        plan_baselines(experiment, lambda data: "hash")
    assert plan_baselines(experiment, lambda data: "hash", Compute(accelerator="gpu")).cells


def test_more_parts_than_rows_are_refused() -> None:
    with pytest.raises(AlphabarError, match="`accumulate: 9` is more than `batch_size: 8`"):
        parse_experiment(VALUES | {"training": {"accumulate": 9, "batch_size": 8}}, "FILE")


def test_eight_bit_moments_learn_and_go_into_a_resume_point(tmp_path: Path) -> None:
    pytest.importorskip("bitsandbytes")
    torch.manual_seed(0)
    layer = nn.Linear(128, 64)
    optimizer = OPTIMIZERS["adamw8bit"](layer.parameters(), 1e-2, 0.0)
    x = torch.randn(32, 128)
    losses = []
    for _ in range(20):
        loss = layer(x).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.5 * losses[0]
    assert optimizer.state[layer.weight]["state1"].dtype == torch.uint8
    torch.save(optimizer.state_dict(), tmp_path / "state")
    state = torch.load(tmp_path / "state", weights_only=True)
    again = OPTIMIZERS["adamw8bit"](layer.parameters(), 1e-2, 0.0)
    again.load_state_dict(state)
    moments = (each.state[layer.weight]["state1"] for each in (optimizer, again))
    assert torch.equal(*moments)
