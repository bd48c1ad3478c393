"""Consistency distillation: its target in closed form, and one real small distillation."""

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from components.data.arrays import load_split
from components.errors import AlphabarError
from components.finetuning.consistency import Distillation, consistency, pseudo_huber
from components.finetuning.finetune import finetune
from components.networks.checkpoint import (
    Checkpoint,
    load_checkpoint,
    new_checkpoint,
    save_checkpoint,
)
from components.networks.codecs.pixels import Pixels
from components.networks.conditioners.unconditional import NoCondition
from components.networks.ema import copy_for_ema
from components.process.diffuse import coefficients
from components.process.prediction import PREDICTIONS
from components.process.schedules import Schedule, build_schedule
from components.runtime import Runtime
from components.sampling.times import time_grid
from components.spec.catalogue import CONDITIONERS, FINETUNES
from components.spec.sections.codec import CodecConfig
from components.spec.sections.finetuning import FinetuneSpec
from components.spec.sections.training import TrainingSpec
from tests.finetuning.test_finetune import asked, baseline
from tests.model_config import DIGITS, model_config

STD = 0.2


def exact_x0(schedule: Schedule, x: Tensor, t: Tensor) -> Tensor:
    """E[x0 | x_t] for data N(0, STD²)."""
    alpha, sigma = coefficients(schedule, t, x)
    return alpha * STD**2 / (alpha**2 * STD**2 + sigma**2) * x


def exact_jump(schedule: Schedule, x: Tensor, t: Tensor, end: Tensor) -> Tensor:
    """The x0 with which one DDIM step from x_t lands on the probability-flow ODE at ``end``."""
    alpha, sigma = coefficients(schedule, t, x)
    alpha_b, sigma_b = coefficients(schedule, end, x)
    spread, spread_b = (
        (a**2 * STD**2 + s**2).sqrt() for a, s in ((alpha, sigma), (alpha_b, sigma_b))
    )
    x_b = x * spread_b / spread
    share = sigma_b / sigma
    return (x_b - share * x) / (alpha_b - share * alpha)


def distiller(steps: int, segments: int) -> tuple[Distillation, Any]:
    """A distillation of the exact denoiser, and the exact student as (x, t) → (x0, ε)."""
    schedule = build_schedule({"schedule": "cosine", "steps": 1000})

    class Teacher(torch.nn.Module):
        def forward(self, x: Tensor, timestep: Tensor) -> Tensor:
            return exact_x0(schedule, x, (timestep.double() + 1) / 1000)

    model = Checkpoint(
        model_config("none", size=4),
        Pixels(CodecConfig(), (1, 4, 4)),
        Teacher(),
        NoCondition(),
        schedule,
        PREDICTIONS["x0"],
    )
    times = time_grid(schedule, steps)

    def student(x: Tensor, t: Tensor) -> tuple[Tensor, Tensor]:
        # a student knows the segment from the time alone: its end lies below t
        end = ((t * segments - 1e-9).floor() / segments).clamp(min=0)
        x0 = exact_jump(schedule, x, t, end)
        return x0, x0

    return Distillation(model, times, segments, 1.0, 0), student


@pytest.mark.parametrize("segments", [1, 2, 4])
def test_an_exact_student_is_its_own_target_as_the_teachers_steps_grow_fine(segments: int) -> None:
    errors = []
    for steps in (40, 200, 1000):
        distillation, student = distiller(steps, segments)
        length = steps // segments
        last = torch.arange(length - 1, steps, length)  # the teacher alone gives their target
        i = torch.cat([torch.arange(0, steps, steps // 40), last])
        t = distillation.times.t[i]
        generator = torch.Generator().manual_seed(0)
        alpha, sigma = coefficients(distillation.teacher.schedule, t, torch.zeros(len(i), 1, 4, 4))
        x0 = STD * torch.randn(len(i), 1, 4, 4, generator=generator)
        x_t = alpha * x0 + sigma * torch.randn(x0.shape, generator=generator)
        target = distillation.target(x_t.double(), i, student, {})
        own, _ = student(x_t.double(), t)
        errors.append((target - own).abs().max().item())
    assert errors[0] > 2 * errors[1] > 4 * errors[2], "one teacher step's error, which shrinks"
    assert errors[2] < 2e-3


def test_a_wrong_student_is_not_its_own_target() -> None:
    distillation, student = distiller(40, 2)
    i = torch.arange(1, 20)
    x_t = torch.randn(19, 1, 4, 4, generator=torch.Generator().manual_seed(0)).double()

    def wrong(x: Tensor, t: Tensor) -> tuple[Tensor, Tensor]:
        x0, eps = student(x, t)
        return x0 + 0.3, eps

    own, _ = wrong(x_t, distillation.times.t[i])
    target = distillation.target(x_t, i, wrong, {})
    assert (target - own).abs().mean().item() > 0.01


def test_what_clipping_takes_away_is_no_error() -> None:
    target = torch.tensor([[1.0, -1.0, 0.5, 1.0]])
    one = torch.ones(1)
    beyond, across = torch.tensor([[1.7, -3.0, 0.5, 1.0]]), torch.tensor([[-1.7, -1.0, 0.5, 1.0]])
    assert pseudo_huber(beyond, target, one, bounded=True).item() == 0
    assert pseudo_huber(across, target, one, bounded=True).item() > 1
    assert pseudo_huber(beyond, target, one, bounded=False).item() > 1


def distilled(model: Path, data: Path, out: Path, steps: int, scratch: Path | None = None) -> bytes:
    section = FinetuneSpec(
        kind="consistency", steps=steps, batch_size=32, lr=3e-3, warmup_steps=0, teacher_steps=4
    )
    base = TrainingSpec(evaluate_every=0, checkpoint_every=4)
    spec = section.model_dump(mode="json") | asked(section, base)
    out.mkdir()
    finetune(spec, {"model": model, "data": data}, out, Runtime(accelerator="cpu", scratch=scratch))
    return (out / "model.safetensors").read_bytes()


def test_a_student_learns_a_fixed_target(tmp_path: Path, digits: Path) -> None:
    # the draws of one step, and an average that stays; over a run both move the loss about
    model, student = (load_checkpoint(baseline(tmp_path / name)) for name in ("one", "two"))
    spec = FinetuneSpec(kind="consistency", teacher_steps=4).model_dump(mode="json")
    objective = consistency(model, spec, TrainingSpec(), {}).objective
    assert objective is not None
    average = copy_for_ema(student.network)
    shown = load_split(digits, "train")
    images = torch.from_numpy(shown.images[:64]).permute(0, 3, 1, 2)
    x0 = model.codec.encode(images)
    rows = student.conditioner.encode(shown.classes[:64].tolist(), shown.captions[:64])
    optimizer, losses = torch.optim.Adam(student.network.parameters(), lr=1e-3), []
    for _ in range(20):
        losses.append(objective(student.network, average, 0, x0, rows))
        optimizer.zero_grad()
        losses[-1].backward()
        optimizer.step()
    assert losses[-1] < 0.8 * losses[0]


def test_a_killed_distillation_ends_with_the_weights_of_an_undisturbed_one(
    tmp_path: Path, digits: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = baseline(tmp_path / "model")
    before = (model / "model.safetensors").read_bytes()
    whole = distilled(model, digits, tmp_path / "whole", 8)
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    plain = Distillation.__call__

    def stopped(self: Distillation, *inputs: Any) -> Tensor:
        if inputs[2] == 6:
            raise KeyboardInterrupt
        return plain(self, *inputs)

    monkeypatch.setattr(Distillation, "__call__", stopped)
    with pytest.raises((KeyboardInterrupt, SystemExit)):
        distilled(model, digits, tmp_path / "killed", 8, scratch)
    monkeypatch.undo()
    assert (scratch / "resume.ckpt").is_file()
    assert distilled(model, digits, tmp_path / "resumed", 8, scratch) == whole != before
    assert (model / "model.safetensors").read_bytes() == before, "the teacher's own"


def test_guidance_of_the_teacher_is_taken_in(tmp_path: Path, digits: Path) -> None:
    config = model_config(classes=DIGITS, widths=(8, 16), steps=100)
    model = new_checkpoint(config, seed=0)
    save_checkpoint(tmp_path, config, model.network)
    times = time_grid(model.schedule, 4)
    rows = model.conditioner.encode([1, 2], ["", ""])
    x0 = -torch.ones(2, 1, 8, 8)

    def loss(guidance: float) -> float:
        network = model.network.eval()
        distillation = Distillation(model, times, 2, guidance, 0)
        return float(distillation(network, network, 0, x0, rows).detach())

    assert loss(1.0) != loss(6.0)


def untrained(**process: Any) -> Checkpoint:
    config = model_config(classes=DIGITS, widths=(8, 16), **process)
    return new_checkpoint(config, seed=0)


@pytest.mark.parametrize(
    ("schedule", "prediction"),
    [
        ("cosine", "eps"),
        ("cosine", "x0"),
        ("cosine", "v"),
        ("rectified_flow", "flow"),
        ("edm", "edm"),
    ],
)
def test_no_time_drowns_the_others_whatever_is_predicted(schedule: str, prediction: str) -> None:
    model = untrained(schedule=schedule, prediction=prediction)
    section = FinetuneSpec(kind="consistency", teacher_steps=8).model_dump(mode="json")
    objective = consistency(model, section, TrainingSpec(), {}).objective
    assert objective is not None
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (64, 1, 8, 8), dtype=torch.uint8, generator=generator)
    rows = model.conditioner.encode([0] * 64, [""] * 64)
    average = untrained(schedule=schedule, prediction=prediction).network
    objective(model.network, average, 0, model.codec.encode(images), rows).backward()
    gradients = [p.grad for p in model.network.parameters() if p.grad is not None]
    assert 0 < float(torch.nn.utils.get_total_norm(gradients)) < 50


def test_more_teacher_steps_than_the_process_has_are_refused() -> None:
    section = FinetuneSpec(kind="consistency", teacher_steps=50).model_dump(mode="json")
    with pytest.raises(AlphabarError, match="`finetune.teacher_steps: 50` is more than"):
        consistency(untrained(steps=10), section, TrainingSpec(), {})


def test_a_distilled_model_is_watched_as_it_is_sampled() -> None:
    training = TrainingSpec(evaluate_steps=20, evaluate_guidance=2.0)
    distilled = FinetuneSpec(kind="consistency", segments=5, teacher_guidance=2.0)
    watched = distilled.training(training)
    assert (watched.evaluate_steps, watched.evaluate_guidance) == (5, 1.0)
    kept = FinetuneSpec(style="bold").training(training)
    assert (kept.evaluate_steps, kept.evaluate_guidance) == (20, 2.0)


@pytest.mark.parametrize("guidance", [1.0, 3.0])
@pytest.mark.parametrize("encoder", ["none", "class"])
def test_a_training_step_asks_the_networks_as_often_as_is_planned(
    encoder: str, guidance: float
) -> None:
    asked = []
    model = new_checkpoint(model_config(encoder, size=4, classes=("a", "b"), steps=100), seed=0)
    model.network.register_forward_pre_hook(lambda module, given: asked.append(len(given[0])))
    step = Distillation(model, time_grid(model.schedule, 10), 2, guidance, 0)
    rows = model.conditioner.encode([0, 1, 0], [""] * 3)
    step(model.network, model.network, 0, torch.zeros(3, 1, 4, 4), rows)
    conditional = CONDITIONERS[encoder].conditional
    beside = FINETUNES["consistency"].beside({"teacher_guidance": guidance}, conditional)
    assert sum(asked) == 3 * (1 + beside)


def test_parts_of_a_step_say_together_what_the_whole_says() -> None:
    model = untrained(schedule="cosine")
    step = Distillation(model, time_grid(model.schedule, 10), 2, 3.0, 0)
    x0 = torch.randn(5, 1, 8, 8, generator=torch.Generator().manual_seed(0)).clamp(-1, 1)
    given = model.network, model.network, 7, x0, model.conditioner.encode([*range(5)], [""] * 5)
    first, second = step(*given, slice(0, 2)), step(*given, slice(2, 5))
    torch.testing.assert_close(0.4 * first + 0.6 * second, step(*given), rtol=1e-4, atol=1e-6)
    assert abs(first - second) > 1e-3
