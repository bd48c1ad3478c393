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
    return _of_two_rows(network) if sampling.compile == "on" else network


def _in_bfloat16(network: Network) -> Network:
    def predict(x: Tensor, t: Tensor, condition: Condition) -> Tensor:
        with torch.autocast(x.device.type, torch.bfloat16):
            return network(x, t, condition).float()

    return predict


def _of_two_rows(network: Network) -> Network:
    """``network``, which is never shown a single row: kernels are compiled for any number of rows
    but one, for which they would be compiled anew."""

    def predict(x: Tensor, t: Tensor, condition: Condition) -> Tensor:
        if len(x) > 1:
            return network(x, t, condition)
        twice = {name: torch.cat([rows, rows]) for name, rows in condition.items()}
        return network(torch.cat([x, x]), t.expand(2), twice)[:1]

    return predict
