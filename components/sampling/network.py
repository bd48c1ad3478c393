"""Networks as sampling sees them, and the count of their evaluations."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

Condition = Mapping[str, Tensor]
"""Named tensors with one row a sample; empty for an unconditional network."""

Network = Callable[[Tensor, Tensor, Condition], Tensor]
"""(x (batch, channel, height, width), t (batch,), condition) → prediction, x's shape."""

Predict = Callable[[Tensor, Tensor], Tensor]
"""A network whose condition is settled."""


@dataclass(frozen=True)
class Conditioned:
    """A network with the condition of every row of the batch that is drawn."""

    network: Network
    condition: Condition

    def __call__(self, x: Tensor, t: Tensor) -> Tensor:
        """The prediction for the whole batch."""
        return self.network(x, t, self.condition)

    def beside(self, other: "Conditioned") -> "Conditioned":
        """This network with its own rows' conditions and behind them those of ``other``."""
        behind = other.condition
        both = {name: torch.cat([own, behind[name]]) for name, own in self.condition.items()}
        return Conditioned(self.network, both)

    def of(self, index: Tensor) -> Condition:
        """The condition of the chosen rows."""
        return {name: tensor[index] for name, tensor in self.condition.items()}


@dataclass
class Evaluations:
    """How many rows went through networks: one row is one network evaluation of one image."""

    rows: int = 0

    def counted(self, network: Network) -> Network:
        """``network``, whose rows are added here from now on."""

        def count(x: Tensor, t: Tensor, condition: Condition) -> Tensor:
            self.rows += len(x)
            return network(x, t, condition)

        return count
