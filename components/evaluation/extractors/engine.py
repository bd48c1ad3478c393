"""What computes a network's features, and torch as one that does."""

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from components.evaluation.working import working

Images = NDArray[np.uint8]
Rows = NDArray[np.intp]
Part = tuple[Rows, Images]
"""Images (b, height, width, channel) and which rows of the whole they are."""

Found = tuple[Rows, NDArray[np.float32]]
"""Features (b, d) of those rows."""

Prepare = Callable[[Images], Tensor]
"""A batch of images to what the network reads, on the network's device."""

AHEAD = 2
"""Batches that wait, prepared or computed, beside the one that is worked at."""


class Engine(Protocol):
    """Batches through a network, in order, each prepared while others are computed.

    Attributes:
        name: for records, such as ``onnxruntime 1.32.0``.
        batch: images that it takes at once.
    """

    @property
    def name(self) -> str: ...

    @property
    def batch(self) -> int: ...

    def run(self, parts: Iterable[Part], prepare: Prepare) -> Generator[Found, None, None]: ...


def torch_name() -> str:
    """What records call torch as an engine."""
    return f"torch {torch.__version__.partition('+')[0]}"


class TorchEngine:
    """The network as torch runs it, each batch prepared in another thread meanwhile.

    On a GPU nothing waits for it: batches and features are copied asynchronously, through pinned
    memory, and features are read some batches later.
    """

    def __init__(
        self, network: Callable[[Tensor], Tensor], device: torch.device, batch: int
    ) -> None:
        self.name, self.batch = torch_name(), batch
        self._network, self._device = network, device

    def run(self, parts: Iterable[Part], prepare: Prepare) -> Generator[Found, None, None]:
        waiting = deque[tuple[Rows, _Returning]]()
        lag = AHEAD if self._device.type == "cuda" else 0
        for rows, pixels in _prepared(parts, prepare):
            waiting.append((rows, self._begun(pixels)))
            if len(waiting) > lag:
                earlier, features = waiting.popleft()
                yield earlier, features.array()
        for rows, features in waiting:
            yield rows, features.array()

    @torch.inference_mode()
    def _begun(self, pixels: Tensor) -> "_Returning":
        with repeatable_convolutions():
            return _Returning(self._network(pixels).float())


class _Returning:
    """Features on their way from the device."""

    def __init__(self, features: Tensor) -> None:
        self._here, self._arrived = features, None
        if features.is_cuda:
            self._here = torch.empty(features.shape, dtype=features.dtype, pin_memory=True)
            self._here.copy_(features, non_blocking=True)
            self._arrived = torch.cuda.Event()
            self._arrived.record()

    def array(self) -> NDArray[np.float32]:
        if self._arrived is not None:
            self._arrived.synchronize()
        found: NDArray[np.float32] = self._here.cpu().numpy()
        return found


def _prepared(parts: Iterable[Part], prepare: Prepare) -> Iterator[tuple[Rows, Tensor]]:
    """Each part as the network reads it, the next ones already in the making."""

    @torch.inference_mode()
    def made(images: Images) -> Tensor:
        return prepare(images)

    coming = deque[tuple[Rows, Future[Tensor]]]()
    with working(1) as pool:
        for rows, images in parts:
            coming.append((rows, pool.submit(made, images)))
            if len(coming) >= AHEAD:
                earlier, pixels = coming.popleft()
                yield earlier, pixels.result()
        for rows, pixels in coming:
            yield rows, pixels.result()


@contextmanager
def repeatable_convolutions() -> Iterator[None]:
    """Let a GPU neither choose kernels by timing nor round to TF32: both move the features."""
    backend = torch.backends.cudnn
    with backend.flags(enabled=True, benchmark=False, deterministic=True, allow_tf32=False):
        yield
