"""The LightningModule: one loss, its optimiser, and the moving averages of the weights."""

import math
from collections.abc import Iterator
from typing import Any

import pytorch_lightning as pl
import torch
from torch import Tensor

from components.networks.ema import copy_for_ema, update_ema
from components.networks.posthoc_ema import TRACKED, update_power_ema
from components.process.streams import Purpose, seed_globally
from components.spec.sections.training import TrainingSpec
from components.training.batches import Batch
from components.training.checkpointing import compute_again
from components.training.losses import Losses
from components.training.optimizers import OPTIMIZERS
from components.training.parts import WHOLE, parts_of, share_of
from components.training.task import Task


class TrainingModule(pl.LightningModule):
    """Trains the network of a task by its objective.

    All that is random in a step comes from streams of its own, by (seed, step), so that a resumed
    run continues as if it had never stopped. A step waits for no device: who needs its loss reads
    ``losses``.
    """

    def __init__(self, task: Task, training: TrainingSpec, losses: Losses | None = None) -> None:
        super().__init__()
        self.task, self.training_spec = task, training
        self.network = task.network.train()
        for name, weight in self.network.named_parameters():
            weight.requires_grad_(task.trains(name))
        self.ema = copy_for_ema(task.network)
        self.power_sigma_rels = TRACKED if training.ema_snapshots else ()
        self.power_emas = torch.nn.ModuleList(
            copy_for_ema(task.network) for _ in self.power_sigma_rels
        )
        self.losses = losses or Losses()
        self._rest: Iterator[Tensor] = iter(())
        if training.gradient_checkpointing:
            compute_again(self.network)

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        """The loss of one batch, or of its first part."""
        if self.task.random_layers:
            seed_globally(self.training_spec.seed, batch[0], Purpose.DROPOUT)
        self.losses.begin(batch[0])
        self._rest = self._losses(batch)
        return next(self._rest)

    def backward(self, loss: Tensor, *args: Any, **kwargs: Any) -> None:
        """The gradient of a part's loss, then that of each further part: only one is in memory."""
        super().backward(loss, *args, **kwargs)
        precision = self.trainer.precision_plugin
        while True:
            with precision.train_step_context():
                more = next(self._rest, None)
            if more is None:
                return
            super().backward(precision.pre_backward(more, self), *args, **kwargs)

    def _losses(self, batch: Batch) -> Iterator[Tensor]:
        """The loss of each part, weighted by its share of the rows."""
        step, x0, rows = batch
        for part in parts_of(len(x0), self.training_spec.accumulate):
            loss = self.task.objective(self.network, self.ema, step, x0, rows, part)
            if part != WHOLE:
                loss = loss * share_of(part, len(x0))
            self.losses.add(loss)
            yield loss

    def configure_optimizers(self) -> Any:
        """The optimiser with a linear warm-up, then constant or cosine to zero."""
        spec = self.training_spec
        # the moving averages are parameters of this module too, but frozen ones
        trained = [weight for weight in self.network.parameters() if weight.requires_grad]
        # Lightning clips no gradients that a fused step is to scale back
        fused = self.device.type == "cuda" and spec.precision != "16-mixed"
        optimizer = OPTIMIZERS[spec.optimizer](trained, spec.lr, spec.weight_decay, fused)
        scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, self._lr_factor)
        return {
            "optimizer": optimizer,
            "lr_scheduler": {"scheduler": scheduler, "interval": "step"},
        }

    def move_average(self) -> None:
        """Move the averages; called once after each optimiser step."""
        update_ema(self.ema, self.network, self.training_spec.ema, self.global_step)
        for sigma_rel, average in zip(self.power_sigma_rels, self.power_emas, strict=True):
            update_power_ema(average, self.network, sigma_rel, self.global_step)

    def _lr_factor(self, step: int) -> float:
        spec = self.training_spec
        if step < spec.warmup_steps:
            return (step + 1) / spec.warmup_steps
        if spec.lr_decay == "constant":
            return 1.0
        share = (step - spec.warmup_steps) / max(1, spec.steps - spec.warmup_steps)
        return 0.5 * (1 + math.cos(math.pi * min(1.0, share)))
