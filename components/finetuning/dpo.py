"""Diffusion-DPO: a model learns to draw what people chose, and stays near the one they judged.

Wallace et al. 2023 (arXiv 2311.12908), eq. 14. For a pair with winner w and loser l, both at one
time t and under one noise ε, the loss is

    −log σ(−β/2 · [(L(w) − L_ref(w)) − (L(l) − L_ref(l))])

with L the weighted squared error of the prediction that the model was trained with, a mean over the
elements of x0, and L_ref that of the base, which stays as it is. The paper's T ω(λ_t) and its sums
over elements are in β so: it is the `beta_dpo` of the authors' code, for which the paper has 2000
with Stable Diffusion 1.5 and 5000 with SDXL. Times, noise and weights are those of the section
`training`, for any prediction; ε is drawn once a pair, as the authors' code does. No condition is
dropped.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from components.finetuning.lora import lora_task
from components.finetuning.preference_pairs import WEIGHT, PreferencePairs, shown
from components.networks.checkpoint import Checkpoint
from components.networks.conditioners.rows import Rows
from components.networks.ema import copy_for_ema
from components.process.streams import Draws, Purpose
from components.spec.catalogue import FINETUNES
from components.spec.sections.training import TrainingSpec
from components.training.denoising_loss import DenoisingLoss
from components.training.denoising_task import denoising_task
from components.training.parts import WHOLE, of_part
from components.training.task import Task


def dpo(
    model: Checkpoint,
    spec: Mapping[str, Any],
    training: TrainingSpec,
    inputs: Mapping[str, Path],
) -> Task:
    """The task of moving ``model`` towards the winners of the pairs in ``preferences``, and away
    from their losers.

    Args:
        spec: ``beta``, and where the pairs lie in no store ``preferences``, whose ``sha256`` is
            that of their content.

    Raises:
        AlphabarError: as `PreferencePairs.of`; with LoRA, as `lora`.
    """
    known = spec.get("preferences", {}).get("sha256")
    pairs = PreferencePairs.of(model, inputs["preferences"], known)
    told = partial(shown, pairs)

    def objective(trained: Checkpoint) -> Preference:
        # the layers of a LoRA change nothing at first
        reference = copy_for_ema(trained.network).to(model.device)
        return Preference(DenoisingLoss(trained, training), reference, spec["beta"])

    if FINETUNES[spec["kind"]].saves_adapter_where(spec):
        base, texts = inputs["model"], pairs.captions
        task = lora_task(model, spec, training, base, objective=objective, data=told, texts=texts)
    else:
        task = denoising_task(model, training, objective=objective(model), data=told)
    return replace(task, facts=lambda _: pairs.facts)


@dataclass(frozen=True)
class Preference:
    """The loss of a step of Diffusion-DPO.

    Attributes:
        loss: of single images.
        reference: the base's network; frozen.
        beta: β, of mean squared errors.
    """

    loss: DenoisingLoss
    reference: nn.Module
    beta: float

    def __call__(
        self,
        network: nn.Module,
        average: nn.Module,
        step: int,
        x0: Tensor,
        rows: Rows,
        part: slice = WHOLE,
    ) -> Tensor:
        """The mean over the pairs ``part`` of each one's loss times its `WEIGHT`.

        Args:
            x0: (batch, 2, channel, height, width), winners first.
        """
        random = Draws.of(self.loss.training.seed, step, Purpose.TRAINING, x0.device)
        noising = self.loss.noising(x0[:, 0], random).of(part).twice()
        rows = of_part(rows, part)
        weight = rows.pop(WEIGHT)
        both = torch.cat([*x0[part].unbind(1)])
        told = {name: torch.cat([row, row]) for name, row in rows.items()}
        own = self.loss.errors_under(noising, network, both, told)
        with torch.no_grad():
            theirs = self.loss.errors_under(noising, self.reference, both, told)
        won, lost = (own - theirs).flatten(1).mean(1).chunk(2)
        margin = -self.beta / 2 * (won - lost)
        return -(weight.to(margin) * nn.functional.logsigmoid(margin)).mean()
