"""The denoising loss: the squared error of the prediction at random times (Ho 2020, eq. 14)."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from components.networks.checkpoint import Checkpoint
from components.networks.conditioners.rows import Rows, aligned
from components.networks.memory_format import laid
from components.process.diffuse import coefficients, diffuse, spread
from components.process.noise import perturbed, with_offset
from components.process.streams import Draws, Purpose
from components.process.time_sampling import TIME_SAMPLINGS
from components.process.transfer import to_device
from components.process.weights import Constants, loss_weight
from components.spec.sections.training import TrainingSpec
from components.training.parts import WHOLE, of_part


@dataclass(frozen=True)
class Noising:
    """What is drawn for the rows of a step.

    Attributes:
        eps: (batch, channel, height, width) what is to be predicted.
        noise: of that shape, what is added to the images: ``eps``, unless the input is perturbed.
        t: (batch,) float64 times.
    """

    eps: Tensor
    noise: Tensor
    t: Tensor

    def of(self, part: slice) -> "Noising":
        """Those of some rows."""
        return Noising(self.eps[part], self.noise[part], self.t[part])

    def twice(self) -> "Noising":
        """All rows, and the same behind them."""
        return Noising(*(torch.cat([each, each]) for each in (self.eps, self.noise, self.t)))


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
        random = Draws.of(self.training.seed, step, Purpose.TRAINING, x0.device)
        noising = self.noising(x0, random)
        rows = of_part(self.dropped(rows, random.few), part)
        return self.errors_under(noising.of(part), network, x0[part], rows)

    def noising(self, x0: Tensor, random: Draws) -> Noising:
        """Times, on the CPU, and noise for each row of ``x0``."""
        spec = self.training
        eps = with_offset(random.normal(x0.shape), spec.offset_noise, random.many)
        noise = perturbed(eps, spec.input_perturbation, random.many).to(x0)
        sampling = TIME_SAMPLINGS[spec.time_sampling]
        t = sampling(len(x0), self.model.schedule, random.few, spec.time_mean, spec.time_std)
        return Noising(eps.to(x0), noise, t)

    def errors_under(self, noising: Noising, network: nn.Module, x0: Tensor, rows: Rows) -> Tensor:
        """The weighted squared errors of ``network`` where ``x0`` has that noise, of its shape."""
        schedule, prediction = self.model.schedule, self.model.prediction
        eps, t = noising.eps, noising.t
        alpha, sigma = coefficients(schedule, t, x0)
        x_t = laid(diffuse(x0, noising.noise, alpha, sigma))
        output = network(
            prediction.scale(alpha, sigma) * x_t,
            to_device(schedule.timestep(t), x0.device),
            **rows,
        )
        target = prediction.target(x0, eps, alpha, sigma)
        error = torch.nn.functional.mse_loss(output.float(), target, reduction="none")
        return spread(self._weight(t), error) * error

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
            mask = to_device(drop, tensor.device).view(-1, *(1,) * (tensor.ndim - 1))
            absent = to_device(null[name], tensor.device, tensor.dtype)
            result[name] = torch.where(mask, absent, tensor)
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
