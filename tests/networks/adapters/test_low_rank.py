"""What low-rank changes leave of a network's weights."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from components.errors import AlphabarError
from components.networks.adapters import Worn, load_worn
from components.networks.adapters.low_rank import LowRank, bake, layers_of
from components.networks.adapters.parts import parts_of, text_parts
from components.networks.checkpoint import load_checkpoint
from tests.tiny_pipelines import write_sd1

WEIGHT = torch.eye(4)
ONES = torch.ones(4)


def network() -> dict[str, nn.Module]:
    layer = nn.Linear(4, 4, bias=False)
    layer.weight.data = WEIGHT.clone()
    return {"unet": nn.ModuleDict({"to_q": layer})}


def change(down: Tensor, up: Tensor, magnitude: Tensor | None = None) -> dict[str, LowRank]:
    return {"unet.to_q": LowRank(down, up, float(len(down)), magnitude=magnitude)}


BROKEN = {
    "an overflow": change(torch.full((4, 4), 1e20), torch.full((4, 4), 1e20)),
    "near the end": change(torch.full((4, 4), 1e10), torch.full((4, 4), 1e10)),
    "bfloat16's largest": change(*[torch.full((4, 4), 3e38, dtype=torch.bfloat16)] * 2),
    "a norm of 0": change(-WEIGHT, WEIGHT, ONES),
    "an infinite norm": change(torch.full((4, 4), 1e10), torch.full((4, 4), 1e10), ONES),
}


@pytest.mark.parametrize("fault", BROKEN)
def test_weights_that_no_network_computes_with_are_named(fault: str) -> None:
    with pytest.raises(AlphabarError, match=r"FILE gives unet\.to_q weights that are not fi"):
        bake(network(), BROKEN[fault], 1.0, "FILE")


def test_a_magnitude_of_0_is_one() -> None:
    parts = network()
    bake(parts, change(WEIGHT, WEIGHT, torch.zeros(4)), 1.0)
    assert not parts["unet"].get_submodule("to_q").weight.any()


@pytest.mark.parametrize("end", ["to_q", "q_proj"])
def test_a_file_of_finite_numbers_that_ruin_a_model_is_refused_as_it_is_read(
    tmp_path: Path, end: str
) -> None:
    """Of text encoders, too, which are changed when they are needed."""
    model = load_checkpoint(write_sd1(tmp_path / "sd1"))
    layers = layers_of(parts_of(model) | text_parts(model))
    name, layer = next((name, each) for name, each in layers.items() if name.endswith(end))
    assert isinstance(layer, nn.Linear)
    file = tmp_path / "lora.safetensors"
    weights = {
        f"{name}.lora_A.weight": torch.full((2, layer.in_features), 1e20),
        f"{name}.lora_B.weight": torch.full((layer.out_features, 2), 1e20),
    }
    save_file(weights, file)
    with pytest.raises(AlphabarError, match=f"{file} gives {name} weights that are not finite"):
        load_worn(tmp_path / "sd1", Worn(others=[(file, 0.5)]))
