"""How many images are drawn at once.

The size is one for a network and a kind of device, whatever else the machine does, as kernels
order their sums by it: on a processor an image of another batch size may differ in a pixel by one
of 256 levels, as those of one seed do between processors. Only where memory does not suffice is it
smaller, and then `Sampled.batch` says so.
"""

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn

from components.errors import AlphabarError
from components.generation.free_memory import free_memory
from components.generation.sampler import Sampler
from components.networks.checkpoint import Checkpoint
from components.networks.conditioners.rows import Rows, on_device

BATCH = 256
"""The most images at once."""

PLACES = 8 * 64 * 64
"""Of x0 that a processor's caches, or a network of a diffusers directory, some hundred times as
large as ours, is shown at once: 32 images of 32 px, 8 of Stable Diffusion 1, 2 of XL. A UNet of 4 M
parameters draws 32 px on a core 1.7 times as fast in batches of 32 as in such of 256."""

AMPLE = 4 << 30
"""Bytes; where so much is free nobody asks whether a processor's batch fits."""

SHARE = 0.8
"""Of free memory that may be taken."""


def preferred(model: Checkpoint) -> int:
    """Images at once where memory suffices."""
    if model.config.network.model is None and model.device.type != "cpu":
        return BATCH
    _, height, width = model.codec.shape
    return max(1, min(BATCH, PLACES // (height * width)))


def fitting(sampler: Sampler, wanted: int, row: Callable[[], Rows]) -> int:
    """``wanted`` images where memory suffices for them, else the largest power of two that fits.

    Nothing is measured where much is free, or on a device that does not say what is.

    Args:
        row: what the network is told of one image.
    """
    model = sampler.model
    if model.device.type == "cuda":
        free = _free_on_device(model.device)
    elif model.device.type != "cpu" or (free := free_memory()) >= AMPLE:
        return wanted
    rows = 1 if sampler.sampling.guidance == 1 else 2
    most = int(SHARE * free) // max(1, taken_by_a_row(model, row()) * rows)
    return wanted if wanted <= most else 2 ** int(math.log2(max(1, most)))


def _free_on_device(device: torch.device) -> int:
    free, _ = torch.cuda.mem_get_info(device)
    return free + torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)


def taken_by_a_row(model: Checkpoint, row: Rows) -> int:
    """Bytes that the network needs to predict one row: on a GPU the most that stood there after
    any of its parts, elsewhere what all parts make together, which no moment needs."""
    on_gpu = model.device.type == "cuda"
    before = torch.cuda.memory_allocated(model.device) if on_gpu else 0
    taken = 0

    def look(part: nn.Module, given: object, made: object) -> None:
        nonlocal taken
        if on_gpu:
            taken = max(taken, torch.cuda.memory_allocated(model.device) - before)
        elif isinstance(made, Tensor):
            taken += made.nbytes

    parts = [part for part in model.network.modules() if not any(part.children())]
    hooks = [part.register_forward_hook(look) for part in parts]
    try:
        x = torch.zeros((1, *model.codec.shape), device=model.device)
        # not called by its name, which may be compiled
        told = on_device(row, model.device)
        model.network.forward(x, torch.zeros(1, device=model.device), **told)
    finally:
        for hook in hooks:
            hook.remove()
    return taken


def halved(at_once: int, model: Checkpoint) -> int:
    """Half as many images, and what the device's allocator holds back given free.

    Raises:
        AlphabarError: there is nothing to halve.
    """
    if at_once == 1:
        raise AlphabarError(
            f"memory does not suffice for one image of {model.origin}",
            "end what else uses the device, or draw on another one",
        )
    if model.device.type == "cuda":
        torch.cuda.empty_cache()
    return at_once // 2


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an allocation has failed, on whichever device."""
    return isinstance(error, torch.OutOfMemoryError) or (
        isinstance(error, RuntimeError) and "DefaultCPUAllocator" in str(error)
    )
