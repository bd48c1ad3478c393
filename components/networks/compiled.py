"""Networks whose kernels `torch.compile` makes, on the network itself: names of weights, copies and
files stay as they are."""

import os
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from components.errors import AlphabarError, first_line
from components.networks.conditioners.rows import MASK, STATES, Rows, padded

SMALL = 100_000_000
"""Parameters below which a GPU waits for Python, and CUDA graphs spare it that."""

TOKENS, SHAPES = 16, 64
"""Captions are as long as a multiple of this; the most shapes that a network is compiled for."""

COMPILING = "compiling the network, a minute or more the first time"
"""What a stage says while it waits for that."""


def compile_network(network: nn.Module, *, grad: bool, graphs: bool = True) -> None:
    """Compile ``network``'s forward in place; the next call does it, and takes a minute or so.

    Kernels follow from an input's shapes alone, not from those before it, so that a resumed run
    computes with the same; another number of rows is compiled anew, and so are captions beyond the
    next `TOKENS`, to which they are padded. A copy of the network is not compiled.

    Args:
        grad: whether it is trained.
        graphs: whether small networks may run as CUDA graphs on a GPU, where outputs and gradients
            of one call are gone with the next; without ``grad``, outputs are copied.

    Raises:
        AlphabarError: there is no C++ compiler, here; and at a call, the network cannot be compiled
            as a whole, or not for so many kinds of input.
    """
    _need_compiler()
    as_graph = graphs and _is_small(network) and device_of(network).type == "cuda"
    network.compile(
        dynamic=False,
        fullgraph=True,
        recompile_limit=SHAPES,
        isolate_recompiles=True,  # others of the same class have their own
        mode="reduce-overhead" if as_graph else None,
    )
    compiled: Any = network._compiled_call_impl
    name = type(network).__name__

    def call(*given: Any, **named: Any) -> Any:
        from torch._dynamo.exc import FailOnRecompileLimitHit, TorchDynamoException

        named = _whole(named)
        if as_graph:
            torch.compiler.cudagraph_mark_step_begin()
        try:
            found = compiled(*given, **named)
        except (FailOnRecompileLimitHit, TorchDynamoException) as error:
            raise AlphabarError(
                f"torch.compile cannot take {name}: {first_line(error)}", "use `compile: off`"
            ) from error
        return found if grad or not as_graph else _copied(found)

    network._compiled_call_impl = call


def compile_cache(folder: Path | None) -> None:
    """Keep what is compiled from now on in ``folder``, for later processes; not with None."""
    if folder is not None:
        os.environ["TORCHINDUCTOR_CACHE_DIR"] = str(folder)
        os.environ["TRITON_CACHE_DIR"] = str(folder / "triton")


def compilations() -> int:
    """How many graphs have been compiled in this process."""
    from torch._dynamo.utils import counters

    return int(counters["stats"]["unique_graphs"])


def device_of(network: nn.Module) -> torch.device:
    """Where its weights are; the CPU for a network without any."""
    return next((weight.device for weight in network.parameters()), torch.device("cpu"))


def _is_small(network: nn.Module) -> bool:
    return sum(weight.numel() for weight in network.parameters()) < SMALL


def _whole(rows: Rows) -> Rows:
    if STATES not in rows or MASK not in rows:
        return rows
    return padded(rows, -(-rows[STATES].shape[1] // TOKENS) * TOKENS)


def _copied(found: Any) -> Any:
    from torch.utils._pytree import tree_map_only

    return tree_map_only(Tensor, Tensor.clone, found)


def _need_compiler() -> None:
    from torch._inductor.cpp_builder import get_cpp_compiler
    from torch._inductor.exc import InvalidCxxCompiler

    try:
        get_cpp_compiler()
    except InvalidCxxCompiler as error:
        raise AlphabarError(
            "torch.compile finds no C++ compiler", "install g++ or use `compile: off`"
        ) from error
