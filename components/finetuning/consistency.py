"""Consistency distillation: a trained model becomes a sampler of a few steps."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from components.errors import AlphabarError
from components.networks.checkpoint import Checkpoint
from components.networks.conditioners.rows import Rows, aligned
from components.networks.ema import copy_for_ema
from components.networks.memory_format import laid
from components.process.diffuse import diffuse, spread
from components.process.streams import Draws, Purpose
from components.process.transfer import to_device
from components.sampling.denoiser import Denoise, denoiser
from components.sampling.guidance import Conditioned, Guidance, guided_denoiser
from components.sampling.reading import within_bounds
from components.sampling.times import Times, time_grid
from components.spec.sections.training import TrainingSpec
from components.training.denoising_task import denoising_task
from components.training.parts import WHOLE, of_part
from components.training.task import Task

HUBER = 0.03  # pseudo-Huber's c, times √D (Song, Dhariwal 2023, section 3.3, for small images)


def consistency(
    model: Checkpoint,
    spec: Mapping[str, Any],
    training: TrainingSpec,
    inputs: Mapping[str, Path],
) -> Task:
    """The task of distilling ``model`` as it is now into its own network.

    Raises:
        AlphabarError: the teacher is to take more steps than the process has.
    """
    if spec["teacher_steps"] > model.schedule.steps:
        raise AlphabarError(
            f"`finetune.teacher_steps: {spec['teacher_steps']}` is more than the process's "
            f"{model.schedule.steps}",
            "use fewer teacher steps",
        )
    teacher = replace(model, network=copy_for_ema(model.network))
    times = time_grid(model.schedule, spec["teacher_steps"])
    options = spec["segments"], spec["teacher_guidance"]
    objective = Distillation(teacher, times, *options, training.seed)
    return denoising_task(model, training, objective=objective)


@dataclass(frozen=True)
class Distillation:
    """Multistep consistency distillation (Heek, Hoogeboom, Salimans 2024, alg. 1).

    The teacher's grid is cut into equal segments. Wherever a row stands in its segment, the
    student learns the x0 with which one DDIM step lands where the teacher's DDIM steps would at
    the segment's end; the moving average of the student, one teacher step ahead, says where.
    One segment is consistency distillation (Song 2023, alg. 2). Any prediction will do: at the
    end of a segment the target comes from the teacher alone.

    Attributes:
        teacher: the model to distil; frozen.
        times: the teacher's grid.
        segments: the DDIM steps that the student is to need; divides the grid's steps.
        guidance: classifier-free guidance of the teacher, which the student takes in.
        seed: all that is random in a step comes from it and the step.
    """

    teacher: Checkpoint
    times: Times
    segments: int
    guidance: float
    seed: int

    def __call__(
        self,
        network: nn.Module,
        average: nn.Module,
        step: int,
        x0: Tensor,
        rows: Rows,
        part: slice = WHOLE,
    ) -> Tensor:
        """The pseudo-Huber distance of the student's x0 to its target, mean over the batch.

        Rows count alike, but with prediction ε those of σ > α, which count α/σ.

        Args:
            x0: (batch, channel, height, width).
        """
        random = Draws.of(self.seed, step, Purpose.DISTILLATION, x0.device)
        eps = random.normal(x0.shape).to(x0)
        i = torch.randint(0, self.times.steps, (len(x0),), generator=random.few)
        x0, eps, i, rows = x0[part], eps[part], i[part], of_part(rows, part)
        alpha, sigma = self._at(i, x0)
        x_t = laid(diffuse(x0, eps, alpha, sigma))
        rows = {name: to_device(tensor, x0.device) for name, tensor in rows.items()}
        with torch.no_grad():
            target = self.target(x_t, i, self.student(average, rows), rows)
        found, _ = self.student(network, rows)(x_t, self.times.t[i])
        # ε's error counts σ/α times in x0: where hardly any image is left, take it as ε's own
        weight = self.teacher.prediction.gain(alpha, sigma).sqrt().clamp(max=1)
        bounded = self.teacher.codec.bounded
        return pseudo_huber(found.float(), target, weight.flatten(), bounded=bounded)

    def target(self, x_t: Tensor, i: Tensor, student: Denoise, rows: Rows) -> Tensor:
        """The x0 with which DDIM steps from ``x_t`` to where its segment should end.

        Args:
            i: (batch,) the rows' positions in the grid.
            student: (x, t) → (x0, ε) of the student's moving average.
        """
        alpha_t, sigma_t = self._at(i, x_t)
        alpha_s, sigma_s = self._at(i + 1, x_t)
        x0, eps = self._teach(x_t, self.times.t[i], rows)
        x_s = alpha_s * x0 + sigma_s * eps
        length = self.times.steps // self.segments
        end = (i // length + 1) * length
        alpha_b, sigma_b = self._at(end, x_t)
        arrived = to_device(end == i + 1, x_t.device).view(-1, 1, 1, 1)
        # rows that have arrived ask the student nothing; their time may lie at the clean image
        ahead = torch.where(end == i + 1, i, i + 1)
        x0_s, _ = student(torch.where(arrived, x_t, x_s), self.times.t[ahead])
        x0_s = self._held(x0_s)
        share = torch.where(arrived, 0.0, sigma_b / sigma_s.clamp(min=1e-12))
        x_b = torch.where(arrived, x_s, alpha_b * x0_s + share * (x_s - alpha_s * x0_s))
        share = sigma_b / sigma_t
        return self._held((x_b - share * x_t) / (alpha_b - share * alpha_t))

    def student(self, network: nn.Module, rows: Rows) -> Denoise:
        """(x, t) → (x0, ε) of ``network`` in the place of the teacher's."""

        def predict(x: Tensor, t: Tensor) -> Tensor:
            output: Tensor = network(
                x, to_device(self.teacher.schedule.timestep(t), x.device), **rows
            )
            return output

        return denoiser(predict, self.teacher.schedule, self.teacher.prediction)

    def _teach(self, x: Tensor, t: Tensor, rows: Rows) -> tuple[Tensor, Tensor]:
        model = self.teacher
        rows, null = aligned(rows, model.conditioner.null(len(x)))
        null = {name: to_device(tensor, x.device) for name, tensor in null.items()}
        denoise = guided_denoiser(
            Conditioned(model.predict, rows),
            Conditioned(model.predict, null) if rows else None,
            Guidance(scale=self.guidance),
            model.schedule,
            model.prediction,
            clip=model.codec.bounded,
        )
        return denoise(x, t)

    def _held(self, x0: Tensor) -> Tensor:
        return within_bounds(x0) if self.teacher.codec.bounded else x0

    def _at(self, i: Tensor, like: Tensor) -> tuple[Tensor, Tensor]:
        """(α, σ) at positions of the grid, shaped to broadcast to ``like``."""
        return spread(self.times.alpha[i], like), spread(self.times.sigma[i], like)


def pseudo_huber(found: Tensor, target: Tensor, weight: Tensor, *, bounded: bool) -> Tensor:
    """Mean of w (√(‖found − target‖² + c²) − c), c = 0.03 √D (Song, Dhariwal 2023, eq. 7).

    Args:
        weight: (batch,) w.
        bounded: what lies beyond [−1, 1], where the target lies at its end, is no error:
            sampling clips it away.
    """
    error = found - target
    if bounded:
        beyond = (found.abs() > 1) & (target.abs() >= 1) & (found.sign() == target.sign())
        error = error.masked_fill(beyond, 0)
    square = error.square().flatten(1)
    c: float = HUBER * square.shape[1] ** 0.5
    return (weight * ((square.sum(1) + c**2).sqrt() - c)).mean()
