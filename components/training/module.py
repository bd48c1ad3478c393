"""The LightningModule: one loss, its optimiser, and the moving average of the weights."""

import math
from typing import Any

import pytorch_lightning as pl
import torch
from torch import Tensor

from components.errors import AlphabarError
from components.networks.conditioners.rows import Rows, aligned
from components.networks.ema import copy_for_ema, update_ema
from components.networks.posthoc_ema import TRACKED, update_power_ema
from components.process.diffuse import coefficients, diffuse
from components.process.noise import perturbed, with_offset
from components.process.streams import Purpose, generator, seed_globally
from components.process.time_sampling import TIME_SAMPLINGS
from components.process.weights import Constants, loss_weight
from components.spec.sections.training import TrainingSpec
from components.training.batches import Batch
from components.training.task import Task


class DivergedError(AlphabarError):
    """The loss is not finite."""


class DiffusionModule(pl.LightningModule):
    """Trains ``model.network`` to predict its target at random times (Ho 2020, eq. 14).

    Times, noise and dropped conditions of a step come from a stream of its own, by (seed, step),
    so that a resumed run continues as if it had never stopped.
    """

    def __init__(self, task: Task, training: TrainingSpec) -> None:
        super().__init__()
        model = task.model
        self.model, self.training_spec, self.objective = model, training, task.objective
        self.network = model.network.train()
        for name, weight in self.network.named_parameters():
            weight.requires_grad_(task.trains(name))
        self.ema = copy_for_ema(model.network)
        self.power_sigma_rels = TRACKED if training.ema_snapshots else ()
        self.power_emas = torch.nn.ModuleList(
            copy_for_ema(model.network) for _ in self.power_sigma_rels
        )
        self.last_loss = math.nan

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        """The loss of one batch; raises DivergedError when it is not finite."""
        step, x0, rows = batch
        if self.model.config.network.dropout:
            seed_globally(self.training_spec.seed, step, Purpose.DROPOUT)
        if self.objective is None:
            loss = self.loss(step, x0, rows)
        else:
            loss = self.objective(self.network, self.ema, step, x0, rows)
        self.last_loss = loss.item()
        if not math.isfinite(self.last_loss):
            raise DivergedError(
                f"the loss is {self.last_loss} at step {step}: training diverged",
                "lower `training.lr` or `training.gradient_clip`; the last good checkpoint is kept",
            )
        return loss

    def loss(self, step: int, x0: Tensor, rows: Rows) -> Tensor:
        """Mean squared error of the prediction at random times, each weighted as the spec says.

        Args:
            x0: (batch, channel, height, width).
        """
        spec, schedule, prediction = self.training_spec, self.model.schedule, self.model.prediction
        drawn = generator(spec.seed, step, Purpose.TRAINING)
        eps = torch.randn(x0.shape, generator=drawn)
        eps = with_offset(eps, spec.offset_noise, drawn)
        noise = perturbed(eps, spec.input_perturbation, drawn).to(x0)
        eps = eps.to(x0)
        sampling = TIME_SAMPLINGS[spec.time_sampling]
        t = sampling(len(x0), schedule, drawn, spec.time_mean, spec.time_std)
        alpha, sigma = coefficients(schedule, t, x0)
        x_t = diffuse(x0, noise, alpha, sigma).contiguous(memory_format=torch.channels_last)
        output = self.network(
            prediction.scale(alpha, sigma) * x_t,
            schedule.timestep(t).to(x0.device),
            **self._dropped(rows, drawn),
        )
        target = prediction.target(x0, eps, alpha, sigma)
        error = torch.nn.functional.mse_loss(output.float(), target, reduction="none")
        return (self._weight(t).to(error).view(-1, 1, 1, 1) * error).mean()

    def configure_optimizers(self) -> Any:
        """AdamW with a linear warm-up, then constant or cosine to zero."""
        spec = self.training_spec
        # the moving averages are parameters of this module too, but frozen ones
        trained = [weight for weight in self.network.parameters() if weight.requires_grad]
        optimizer = torch.optim.AdamW(trained, lr=spec.lr, weight_decay=spec.weight_decay)
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

    def _weight(self, t: Tensor) -> Tensor:
        """What each row's squared error is multiplied by, (batch,) float64."""
        schedule, spec = self.model.schedule, self.training_spec
        sigma_data = self.model.config.process.sigma_data
        return loss_weight(
            spec.loss_weight,
            self.model.prediction,
            schedule.alpha(t),
            schedule.sigma(t),
            Constants(spec.snr_gamma, sigma_data),
        )

    def _dropped(self, rows: Rows, generator: torch.Generator) -> Rows:
        """Replace a share of the rows by the absent condition (Ho, Salimans 2022, alg. 1)."""
        share = self.model.config.conditioning.dropout
        if not rows or not share:
            return rows
        count = len(next(iter(rows.values())))
        drop = torch.rand(count, generator=generator) < share
        rows, null = aligned(rows, self.model.conditioner.null(count))
        result = {}
        for name, tensor in rows.items():
            mask = drop.view(-1, *(1,) * (tensor.ndim - 1)).to(tensor.device)
            result[name] = torch.where(mask, null[name].to(tensor), tensor)
        return result
