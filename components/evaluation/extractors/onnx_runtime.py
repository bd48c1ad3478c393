"""ONNX Runtime: whether it is there, and networks exported to it."""

import io
import warnings
from collections import deque
from collections.abc import Generator, Iterable
from concurrent.futures import Future
from functools import cache
from threading import Lock
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from components.errors import first_line
from components.evaluation.extractors.engine import (
    AHEAD,
    Engine,
    Found,
    Images,
    Part,
    Prepare,
    Rows,
    TorchEngine,
    torch_name,
)
from components.evaluation.working import single_threaded, working

INPUT = "pixels"
"""What an exported network calls its images."""

_NAME = "onnxruntime"
_PIXELS_A_RUN = 8 * 64 * 64  # what one thread computes stays in its cache
_ERRORS = 3  # ONNX Runtime's level of log
_EXPORTING = Lock()  # torch's exporter keeps its state in globals


@cache
def _runtime() -> Any:
    """The module; or why it cannot be had, in words."""
    try:
        import onnxruntime
    except Exception as error:  # a library that does not fit the machine raises many kinds
        return first_line(error)
    onnxruntime.set_default_logger_severity(_ERRORS)
    onnxruntime.disable_telemetry_events()
    return onnxruntime


def lacking() -> str:
    """Why ONNX Runtime cannot be used on this machine; empty where it can."""
    return _runtime() if isinstance(_runtime(), str) else ""


def slower_on(device: torch.device) -> list[str]:
    """A sentence for the user where torch takes ONNX Runtime's place on the CPU."""
    if device.type != "cpu" or not (why := lacking()):
        return []
    return [
        f"ONNX Runtime cannot be used ({why}): features are torch's, which are equal but take "
        "longer; install onnxruntime"
    ]


def engine_name(device: torch.device) -> str:
    """The engine that `build_engine` will give: ONNX Runtime on the CPU, where it is there."""
    if device.type != "cpu" or lacking():
        return torch_name()
    return f"{_NAME} {_runtime().__version__}"


def of_any_threads(engine: str) -> bool:
    """Whether the features of the engine of this name do not depend on how many threads there
    are."""
    return engine.startswith(f"{_NAME} ")


class OnnxEngine:
    """An exported network in ONNX Runtime: as many batches at once as torch has threads, each in
    one thread, so that an image's features depend neither on the threads nor on its neighbours.

    Args:
        model: as `exported` gives it; a copy of the engine loads it again.
        batch: images that it takes at once.
    """

    def __init__(self, model: bytes, batch: int) -> None:
        self.name, self.batch, self._model = engine_name(torch.device("cpu")), batch, model
        self._session = _session(model)

    def __reduce__(self) -> tuple[type["OnnxEngine"], tuple[bytes, int]]:
        return OnnxEngine, (self._model, self.batch)

    def run(self, parts: Iterable[Part], prepare: Prepare) -> Generator[Found, None, None]:
        threads = torch.get_num_threads()

        @torch.inference_mode()
        def read(images: Images) -> NDArray[np.float32]:
            pixels = prepare(images).contiguous().numpy()
            found: NDArray[np.float32] = self._session.run(None, {INPUT: pixels})[0]
            return found

        waiting = deque[tuple[Rows, Future[NDArray[np.float32]]]]()
        with working(threads, single_threaded()) as pool:
            for rows, images in parts:
                waiting.append((rows, pool.submit(read, images)))
                if len(waiting) > AHEAD * threads:
                    earlier, features = waiting.popleft()
                    yield earlier, features.result()
            for rows, features in waiting:
                yield rows, features.result()


def build_engine(network: nn.Module, probe: Tensor, device: torch.device, batch: int) -> Engine:
    """``network`` in what computes it fastest on ``device``, with equal features.

    Args:
        network: in evaluation mode, on the CPU.
        probe: (1, 3, side, side) of the size that it will read.
        batch: images that torch takes at once.
    """
    if device.type != "cpu" or lacking():
        there = network.to(device).to(memory_format=torch.channels_last)
        return TorchEngine(there, device, batch)
    at_once = max(1, _PIXELS_A_RUN // (probe.shape[2] * probe.shape[3]))
    return OnnxEngine(exported(network, probe), at_once)


def _session(model: bytes) -> Any:
    options = _runtime().SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = _ERRORS
    providers = ["CPUExecutionProvider"]
    return _runtime().InferenceSession(model, options, providers=providers)


def exported(network: nn.Module, probe: Tensor) -> bytes:
    """``network`` as an ONNX model for any number of images of ``probe``'s size."""
    content: Any = io.BytesIO()
    with _EXPORTING, warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")  # the exporter is going out of use, shapes are constants
        torch.onnx.export(
            network.to(memory_format=torch.contiguous_format),
            (probe.expand(2, -1, -1, -1),),
            content,
            dynamo=False,
            input_names=[INPUT],
            output_names=["features"],
            dynamic_axes={INPUT: {0: "n"}, "features": {0: "n"}},
        )
    return content.getvalue()  # type: ignore[no-any-return]
