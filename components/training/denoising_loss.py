"""The denoising loss: the squared error of the prediction at random times (Ho 2020, eq. 14)."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from components.networks.checkpoint import Checkpoint
from components.networks.conditioners.rows import Rows, aligned
from components.process.diffuse import coefficients, diffuse
from components.process.noise import perturbed, with_offset
from components.process.streams import Purpose, generator
from components.process.time_sampling import TIME_SAMPLINGS
from components.process.weights import Constants, loss_weight
from components.spec.sections.training import TrainingSpec
from components.training.parts import WHOLE, of_part


@dataclass(frozen=True)
class DenoisingLoss:
    """The loss of ``model``'s network, or of one in its place.

    Times, noise and dropped conditions of a step come from a stream of its own, by (seed, step),
    so that a resumed run continues as if it had never stopped.
    """

    model: Checkpoint
    training: TrainingSpec

    def __call__(
        self,
        network: nn.Module,
        average: nn.Module,
        step: int,
        x0: Tensor,
        rows: Rows,
        part: slice = WHOLE,
    ) -> Tensor:
        """Mean squared error of the prediction at random times, each weighted as the spec says.

        Args:
            x0: (batch, channel, height, width).
        """
        return self.errors(network, step, x0, rows, part).mean()

    def errors(
        self, network: nn.Module, step: int, x0: Tensor, rows: Rows, part: slice = WHOLE
    ) -> Tensor:
        """The weighted squared errors that the loss is the mean of, of the rows ``part``:
        (rows, channel, height, width)."""
        spec, schedule, prediction = self.training, self.model.schedule, self.model.prediction
        random = generator(spec.seed, step, Purpose.TRAINING)
        eps = torch.randn(x0.shape, generator=random)
        eps = with_offset(eps, spec.offset_noise, random)
        noise = perturbed(eps, spec.input_perturbation, random).to(x0)
        eps = eps.to(x0)
        sampling = TIME_SAMPLINGS[spec.time_sampling]
        t = sampling(len(x0), schedule, random, spec.time_mean, spec.time_std)
        rows = of_part(self.dropped(rows, random), part)
        x0, eps, noise, t = x0[part], eps[part], noise[part], t[part]
        alpha, sigma = coefficients(schedule, t, x0)
        x_t = diffuse(x0, noise, alpha, sigma).contiguous(memory_format=torch.channels_last)
        output = network(
            prediction.scale(alpha, sigma) * x_t,
            schedule.timestep(t).to(x0.device),
            **rows,
        )
        target = prediction.target(x0, eps, alpha, sigma)
        error = torch.nn.functional.mse_loss(output.float(), target, reduction="none")
        return self._weight(t).to(error).view(-1, 1, 1, 1) * error

    def dropped(self, rows: Rows, generator: torch.Generator) -> Rows:
        """A share of the rows replaced by the absent condition (Ho, Salimans 2022, alg. 1)."""
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

    def _weight(self, t: Tensor) -> Tensor:
        """What each row's squared error is multiplied by, (batch,) float64."""
        schedule, spec = self.model.schedule, self.training
        sigma_data = self.model.config.process.sigma_data
        return loss_weight(
            spec.loss_weight,
            self.model.prediction,
            schedule.alpha(t),
            schedule.sigma(t),
            Constants(spec.snr_gamma, sigma_data),
        )
