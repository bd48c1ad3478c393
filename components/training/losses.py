"""The losses of a run's steps: they stay on the device until something depends on them."""

import math

import torch
from torch import Tensor

from components.errors import AlphabarError

MOST_UNREAD = 1000
"""Steps after which losses are read, whoever asks for them or not."""


class DivergedError(AlphabarError):
    """The loss is not finite.

    Attributes:
        step: the first one of such a loss, counted from 0: so many were done before it.
    """

    def __init__(self, what: str, remedy: str, step: int) -> None:
        super().__init__(what, remedy)
        self.args = (what, remedy, step)
        self.step = step


class Losses:
    """Takes the loss of every step, and is read before anything is kept or told.

    Reading waits for the device; nothing else here does.

    Attributes:
        last: of the last step that was read; NaN before the first.
    """

    def __init__(self) -> None:
        self.last = math.nan
        self._unread: list[tuple[int, list[Tensor]]] = []
        self._sum, self._count = 0.0, 0

    def begin(self, step: int) -> None:
        """The parts that are added from now on are those of ``step``."""
        if len(self._unread) >= MOST_UNREAD:
            self.read()
        self._unread.append((step, []))

    def add(self, part: Tensor) -> None:
        """A part's loss, weighted by its share of the rows; a scalar on any device."""
        self._unread[-1][1].append(part.detach())

    def read(self) -> None:
        """Look at all losses that were not looked at yet.

        Raises:
            DivergedError: one of them is not finite.
        """
        unread, self._unread = self._unread, []
        parts = [part for _, losses in unread for part in losses]
        values = iter(torch.stack(parts).tolist() if parts else ())
        for step, losses in unread:
            self.last = sum((next(values) for _ in losses), 0.0)
            if not math.isfinite(self.last):
                raise DivergedError(
                    f"the loss is {self.last} at step {step}: training diverged",
                    "lower `training.lr` or `training.gradient_clip`; the last good checkpoint is "
                    "kept",
                    step,
                )
            self._sum, self._count = self._sum + self.last, self._count + 1

    def take_mean(self) -> float:
        """The mean of those that were read since it was taken last."""
        mean = self._sum / self._count
        self._sum, self._count = 0.0, 0
        return mean

    def state(self) -> dict[str, Tensor]:
        """What a resume point needs to go on within a mean: of those that were read."""
        exact = torch.float64
        return {
            "mean_value": torch.tensor(self._sum, dtype=exact),
            "weight": torch.tensor(self._count, dtype=exact),
        }

    def restore(self, state: dict[str, Tensor]) -> None:
        """The reverse of `state`."""
        self._sum, self._count = float(state["mean_value"]), int(state["weight"])
