"""What moves the weights in training."""

from dataclasses import dataclass


@dataclass(frozen=True)
class OptimizerEntry:
    """What moves the weights.

    Attributes:
        package: that brings it; None for torch.
    """

    line: str
    source: str
    options: tuple[str, ...] = ()
    package: str | None = None


OPTIMIZERS: dict[str, OptimizerEntry] = {
    "adamw": OptimizerEntry("AdamW", "Loshchilov, Hutter 2019"),
    "adamw8bit": OptimizerEntry(
        "AdamW whose moments have 8 bits, a quarter of the memory; needs bitsandbytes",
        "Dettmers et al. 2022",
        package="bitsandbytes",
    ),
}

USUAL = next(iter(OPTIMIZERS))
"""What is used where the file does not say."""
