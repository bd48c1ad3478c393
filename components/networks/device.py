"""Which device a stage computes on."""

import torch

from components.errors import AlphabarError


def resolve_device(accelerator: str) -> torch.device:
    """The device of Lightning's accelerator name: ``auto``, ``cpu``, ``gpu`` or ``mps``.

    Raises:
        AlphabarError: the accelerator is asked for by name and is not there.
    """
    has = {"gpu": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if accelerator == "auto":
        accelerator = next(name for name in ("gpu", "mps", "cpu") if has[name])
    if not has[accelerator]:
        raise AlphabarError(
            f"`runner.accelerator: {accelerator}` is not available on this machine",
            "use `accelerator: auto`",
        )
    return torch.device("cuda" if accelerator == "gpu" else accelerator)
