"""What a network computes in a step, as far as its speed depends on it."""

from dataclasses import asdict, dataclass
from typing import Any

EAGER, BF16 = "32-true", "bf16-mixed"
"""The precisions that `auto` chooses from."""


@dataclass(frozen=True)
class Load:
    """A training step, or a forward pass of sampling.

    Attributes:
        network: the section `network`; of a network of others its class and configuration.
        shape: (channel, height, width) of what it works on.
        classes: whether it is told a class.
        width: of the text states that it is told; None for no text.
        tokens: of those.
        rows: in a step.
        parts: that the rows of a step are computed in.
        checkpointing: whether activations are computed again in the backward pass.
        optimizer: its name; None for a forward pass alone.
    """

    network: dict[str, Any]
    shape: tuple[int, int, int]
    rows: int
    accelerator: str
    threads: int
    classes: bool = False
    width: int | None = None
    tokens: int = 0
    parts: int = 1
    checkpointing: bool = False
    optimizer: str | None = None

    @property
    def trains(self) -> bool:
        """Whether it is a training step."""
        return self.optimizer is not None

    def told(self) -> dict[str, Any]:
        """Plain JSON values, of which `of` makes it again."""
        return {**asdict(self), "shape": [*self.shape]}

    @classmethod
    def of(cls, values: dict[str, Any]) -> "Load":
        channels, height, width = values["shape"]
        return cls(**{**values, "shape": (channels, height, width)})
