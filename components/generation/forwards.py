"""A model's forwards as `sampling.precision` and `sampling.compile` ask for them."""

import torch
from torch import Tensor

from components.networks.checkpoint import Checkpoint
from components.networks.compiled import compile_network
from components.networks.memory_format import format_on, laid
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


def network_of(model: Checkpoint, sampling: SamplingSpec, rows: int) -> Network:
    """The predictions of ``model``, float32; all but its forward is computed in float32.

    Args:
        rows: that a compiled network is shown at a time, whatever it is asked for: one set of
            kernels serves guided and unguided steps and the last, smaller batch.
    """
    network: Network = model.predict
    if sampling.precision == "bf16-mixed":
        network = _in_bfloat16(network)
    return _by(rows, network) if sampling.compile == "on" else network


def _in_bfloat16(network: Network) -> Network:
    def predict(x: Tensor, t: Tensor, condition: Condition) -> Tensor:
        with torch.autocast(x.device.type, torch.bfloat16):
            return network(x, t, condition).float()

    return predict


def _by(rows: int, network: Network) -> Network:
    """``network``, which is shown as many rows at each call, and one layout of them."""

    def predict(x: Tensor, t: Tensor, condition: Condition) -> Tensor:
        found = []
        for start in range(0, len(x), rows):
            here = slice(start, start + rows)
            some = {name: _filled(each[here], rows) for name, each in condition.items()}
            asked = _strided(_filled(x[here], rows))
            found.append(network(asked, _filled(t[here], rows), some))
        return (found[0] if len(found) == 1 else torch.cat(found))[: len(x)]

    return predict


def _filled(values: Tensor, rows: int) -> Tensor:
    """``values`` with the last row again and again behind them, up to so many ``rows``."""
    missing = rows - len(values)
    if not missing:
        return values
    return torch.cat([values, values[-1:].expand(missing, *values.shape[1:])])


def _strided(x: Tensor) -> Tensor:
    """``x`` as `laid` has it, with that format's own strides, where torch takes others of a single
    channel for the same."""
    made = torch.empty(x.shape, device="meta", memory_format=format_on(x.device))
    return laid(x).as_strided(x.shape, made.stride())
