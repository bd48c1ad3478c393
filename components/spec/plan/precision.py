"""Which precision this machine trains in."""

from components.errors import AlphabarError
from components.spec.plan.node import Compute

HALF = "16-mixed"


def refuse_half_precision(precision: str, section: str, compute: Compute) -> None:
    """Raise AlphabarError where 16-bit floats of the usual kind are asked of a CPU, on which
    training would silently take bfloat16 in their place."""
    if precision == HALF and compute.accelerator == "cpu":
        raise AlphabarError(
            f"`{section}.precision: {HALF}` is not computed on a CPU",
            "use bf16-mixed or 32-true, or a machine with a GPU",
        )
