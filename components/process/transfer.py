"""Small tensors on their way to the device that computes."""

import torch
from torch import Tensor


def to_device(
    tensor: Tensor, device: torch.device | str, dtype: torch.dtype | None = None
) -> Tensor:
    """``tensor`` on ``device``, as ``dtype`` where one is given: cast first, so that every device
    gets the same numbers.

    Nobody waits for a GPU: it takes them from pinned memory when it comes to them.
    """
    device = torch.device(device)
    cast = tensor.to(dtype or tensor.dtype)
    if cast.device.type == "cpu" and device.type == "cuda":
        return cast.pin_memory().to(device, non_blocking=True)
    return cast.to(device)
