"""Networks whose kernels `torch.compile` makes, on the network itself: names of weights, copies and
files stay as they are."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from components.errors import AlphabarError

SMALL = 100_000_000
"""Parameters below which a GPU waits for Python, and CUDA graphs spare it that."""


def compile_network(network: nn.Module, *, grad: bool, graphs: bool = True) -> None:
    """Compile ``network``'s forward in place; it happens at the next call, and takes a minute or so.

    Shapes that change between calls are compiled as variables. A copy of the network is not
    compiled.

    Args:
        grad: whether it is trained; else its weights stay what they are.
        graphs: whether small networks may run as CUDA graphs on a GPU, where outputs and gradients
            of one call are gone with the next; outputs without ``grad`` are copied.

    Raises:
        AlphabarError: there is no C++ compiler, here; and at a call, the network cannot be compiled
            as a whole, or not for so many kinds of input.
    """
    _need_compiler()
    small = sum(weight.numel() for weight in network.parameters()) < SMALL
    as_graph = graphs and small and device_of(network).type == "cuda"
    mode = "reduce-overhead" if as_graph else None
    network.compile(dynamic=None, fullgraph=True, mode=mode)
    compiled: Any = network._compiled_call_impl
    network._compiled_call_impl = _told(compiled, type(network).__name__, as_graph, not grad)


def compile_cache(folder: Path | None) -> None:
    """Keep what is compiled from now on in ``folder``, for later processes; None changes nothing."""
    if folder is not None:
        os.environ["TORCHINDUCTOR_CACHE_DIR"] = str(folder)
        os.environ["TRITON_CACHE_DIR"] = str(folder / "triton")


def device_of(network: nn.Module) -> torch.device:
    """Where its weights are; the CPU for a network without any."""
    return next((weight.device for weight in network.parameters()), torch.device("cpu"))


def _told(compiled: Callable[..., Any], name: str, as_graph: bool, copied: bool) -> Any:
    """``compiled`` with messages for people; as a graph, each call is a step of its own."""
    from torch._dynamo.exc import FailOnRecompileLimitHit, Unsupported

    def call(*given: Any, **named: Any) -> Any:
        if as_graph:
            torch.compiler.cudagraph_mark_step_begin()
        try:
            found = compiled(*given, **named)
        except (FailOnRecompileLimitHit, Unsupported) as error:
            raise AlphabarError(
                f"torch.compile cannot take {name}: {str(error).strip().splitlines()[0]}",
                "use `compile: off`",
            ) from error
        return found.clone() if as_graph and copied and isinstance(found, Tensor) else found

    return call


def _need_compiler() -> None:
    from torch._inductor.cpp_builder import get_cpp_compiler
    from torch._inductor.exc import InvalidCxxCompiler

    try:
        get_cpp_compiler()
    except InvalidCxxCompiler as error:
        raise AlphabarError(
            "torch.compile finds no C++ compiler", "install g++ or use `compile: off`"
        ) from error
