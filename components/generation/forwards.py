"""A model's forwards as `sampling.precision` and `sampling.compile` ask for them."""

import torch
from torch import Tensor

from components.networks.checkpoint import Checkpoint
from components.networks.compiled import compile_network
from components.sampling.network import Condition, Network
from components.spec.sections.sampling import SamplingSpec


def prepare(model: Checkpoint, sampling: SamplingSpec) -> None:
    """Have the network of ``model`` compiled, at its first forward, where the settings say so.

    Raises:
        AlphabarError: it cannot be compiled here.
    """
    assert "auto" not in (sampling.compile, sampling.precision), "the plan settles `auto`"
    if sampling.compile == "on":
        compile_network(model.network, grad=False)


def network_of(model: Checkpoint, sampling: SamplingSpec) -> Network:
    """The predictions of ``model``, float32; all but its forward is computed in float32."""
    network: Network = model.predict
    if sampling.precision == "bf16-mixed":
        network = _in_bfloat16(network)
    return _as_compiled(network) if sampling.compile == "on" else network


def _in_bfloat16(network: Network) -> Network:
    def predict(x: Tensor, t: Tensor, condition: Condition) -> Tensor:
        with torch.autocast(x.device.type, torch.bfloat16):
            return network(x, t, condition).float()

    return predict


def _as_compiled(network: Network) -> Network:
    """``network``, which is shown but one kind of input: kernels that are compiled for any number
    of rows are not for a single one, nor for other strides."""

    def predict(x: Tensor, t: Tensor, condition: Condition) -> Tensor:
        if len(x) > 1:
            return network(_channels_last(x), t, condition)
        twice = {name: torch.cat([rows, rows]) for name, rows in condition.items()}
        return network(_channels_last(torch.cat([x, x])), t.expand(2), twice)[:1]

    return predict


def _channels_last(x: Tensor) -> Tensor:
    """``x`` with the strides of that format, where torch calls other ones of a single channel so,
    too."""
    _, channels, height, width = x.shape
    strides = (channels * height * width, 1, width * channels, channels)
    return x.contiguous(memory_format=torch.channels_last).as_strided(x.shape, strides)
