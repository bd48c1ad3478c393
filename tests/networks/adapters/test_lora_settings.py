"""What files say of LoRA weights beside their tensors, held against those."""

import json
from pathlib import Path
from typing import Any

import peft
import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from components.errors import AlphabarError
from components.networks.adapters.lora_file import read_lora
from components.networks.adapters.lora_settings import METADATA
from components.networks.adapters.low_rank import bake

Q = "unet.to_q"
PLAIN: dict[str, Any] = {"peft_type": "LORA", "r": 2, "lora_alpha": 2}


class Network(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.to_q = nn.Linear(6, 8)

    def forward(self, x: Tensor) -> Tensor:
        result: Tensor = self.to_q(x)
        return result


@pytest.fixture
def parts() -> dict[str, nn.Module]:
    return {"unet": Network()}


def tensors(rank: int = 2) -> dict[str, Tensor]:
    return {"to_q.lora_A.weight": torch.ones(rank, 6), "to_q.lora_B.weight": torch.ones(8, rank)}


def in_folder(folder: Path, config: dict[str, Any], weights: dict[str, Tensor]) -> Path:
    named = {f"base_model.model.{name}": tensor for name, tensor in weights.items()}
    save_file(named, folder / "adapter_model.safetensors")
    (folder / "adapter_config.json").write_text(json.dumps(config))
    return folder


def of_pipeline(folder: Path, config: dict[str, Any], weights: dict[str, Tensor]) -> Path:
    named = {f"unet.{name}": tensor for name, tensor in weights.items()}
    header = {METADATA: json.dumps({f"unet.{key}": value for key, value in config.items()})}
    save_file(named, folder / "lora.safetensors", header)
    return folder / "lora.safetensors"


def of_network(folder: Path, config: dict[str, Any], weights: dict[str, Tensor]) -> Path:
    """As a network's own `save_lora_adapter` writes it, which names no part."""
    save_file(weights, folder / "lora.safetensors", {METADATA: json.dumps(config)})
    return folder / "lora.safetensors"


WRITERS = {"peft": in_folder, "a pipeline": of_pipeline, "a network": of_network}

WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "rank": ({"r": 64}, r"says `r: 64` of unet\.to_q, whose tensors have rank 2"),
    "rank of a pattern": ({"rank_pattern": {"to_q": 7}}, "says `rank_pattern: 7` of unet"),
    "rank as a text": ({"r": "2"}, "says `r: '2'` of unet"),
    "patterns of ranks": ({"rank_pattern": [2]}, "its `rank_pattern` is no JSON object"),
    "kind": ({"peft_type": "ADALORA"}, "says `peft_type: 'ADALORA'`, which is not read"),
    "DoRA": ({"use_dora": True}, r"`use_dora: true`, and unet\.to_q has no magnitudes"),
    "DoRA as a text": ({"use_dora": "false"}, "`use_dora: 'false'`, which is neither"),
    "rsLoRA as a text": ({"use_rslora": "false"}, "`use_rslora: 'false'`, which is neither"),
    "rsLoRA as a number": ({"use_rslora": 1}, "`use_rslora: 1`, which is neither"),
    "layout as a text": ({"fan_in_fan_out": "no"}, "`fan_in_fan_out: 'no'`, which is neither"),
    "PiSSA": ({"init_lora_weights": "pissa_niter_16"}, "`init_lora_weights: 'pissa_niter_16'`"),
    "LoftQ": ({"init_lora_weights": "loftq"}, "`init_lora_weights: 'loftq'`, which is not read"),
    "a start of later versions": ({"init_lora_weights": "new"}, "`init_lora_weights: 'new'`"),
    "biases": ({"bias": "all"}, "`bias: 'all'`, which is not read: biases were trained"),
    "biases of LoRA": ({"lora_bias": True}, "`lora_bias: True`, which is not read"),
    "layers besides": ({"modules_to_save": ["conv_in"]}, "`modules_to_save: "),
    "diagonals": ({"kasa_config": {"beta": 1}}, "`kasa_config: "),
}


@pytest.mark.parametrize("fault", WRONG)
@pytest.mark.parametrize("writer", WRITERS)
def test_what_is_said_otherwise_than_the_tensors_are_is_named(
    tmp_path: Path, parts: dict[str, nn.Module], writer: str, fault: str
) -> None:
    change, message = WRONG[fault]
    path = WRITERS[writer](tmp_path, PLAIN | change, tensors())
    with pytest.raises(AlphabarError, match=message) as raised:
        read_lora(path, parts)
    assert str(tmp_path) in raised.value.what
    assert raised.value.remedy


@pytest.mark.parametrize("writer", WRITERS)
def test_what_peft_says_of_a_plain_lora_is_read(
    tmp_path: Path, parts: dict[str, nn.Module], writer: str
) -> None:
    config = peft.LoraConfig(r=64, lora_alpha=3, rank_pattern={"to_q": 2}, use_rslora=True)
    said = json.loads(json.dumps(config.to_dict(), default=list))
    lora = read_lora(WRITERS[writer](tmp_path, said, tensors()), parts)
    assert lora[Q].scale == pytest.approx(3 / 2**0.5)


def test_magnitudes_that_are_not_announced_are_named(
    tmp_path: Path, parts: dict[str, nn.Module]
) -> None:
    weights = tensors() | {"to_q.lora_magnitude_vector": torch.ones(8)}
    with pytest.raises(AlphabarError, match="`use_dora: false`, and unet.to_q has magnitudes"):
        read_lora(in_folder(tmp_path, PLAIN | {"use_dora": False}, weights), parts)
    assert read_lora(in_folder(tmp_path, PLAIN, weights), parts)[Q].magnitude is not None


def test_two_alphas_are_named_unless_they_are_one(
    tmp_path: Path, parts: dict[str, nn.Module]
) -> None:
    half = tensors() | {"to_q.alpha": torch.tensor(2.0, dtype=torch.bfloat16)}
    assert read_lora(of_pipeline(tmp_path, PLAIN, half), parts)[Q].alpha == 2
    with pytest.raises(AlphabarError, match=r"has two α of unet\.to_q: 2 beside .* `lora_alpha: 4"):
        read_lora(of_pipeline(tmp_path, PLAIN | {"lora_alpha": 4}, half), parts)


def test_ranks_that_only_a_hostile_pattern_says_are_not_looked_at(
    tmp_path: Path, parts: dict[str, nn.Module]
) -> None:
    config = PLAIN | {"r": 64, "rank_pattern": {"([a-z_]+[a-z_.]*)+!": 2}}
    assert read_lora(in_folder(tmp_path, config, tensors()), parts)[Q].rank == 2


@pytest.mark.parametrize("start", [True, False, "gaussian", "orthogonal", "mica", "pissa", "olora"])
def test_starts_that_change_the_base_are_refused_and_no_others(
    tmp_path: Path, parts: dict[str, nn.Module], start: bool | str
) -> None:
    """peft itself says which: a base that it has changed is not the one that we would add to."""
    network, own = Network(), Network().to_q.weight.detach().clone()
    config = peft.LoraConfig(r=2, target_modules=["to_q"], init_lora_weights=start)
    wrapped = peft.get_peft_model(network, config)  # type: ignore[arg-type]
    wrapped.save_pretrained(str(tmp_path))
    layer: Any = network.to_q
    if torch.equal(layer.base_layer.weight, own):
        assert read_lora(tmp_path, parts).keys() == {Q}
    else:
        with pytest.raises(AlphabarError, match=f"`init_lora_weights: '{start}'`"):
            read_lora(tmp_path, parts)


@pytest.mark.filterwarnings("ignore:fan_in_fan_out is set to True")
def test_how_peft_lays_out_a_base_changes_nothing_of_linear_layers(
    tmp_path: Path, parts: dict[str, nn.Module]
) -> None:
    network, x = Network(), torch.randn(3, 6)
    config = peft.LoraConfig(
        r=2, target_modules=["to_q"], fan_in_fan_out=True, init_lora_weights=False
    )
    wrapped = peft.get_peft_model(network, config)  # type: ignore[arg-type]
    wrapped.save_pretrained(str(tmp_path))
    path = tmp_path / "adapter_config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"fan_in_fan_out": True}))
    bake(parts, read_lora(tmp_path, parts), 1.0)
    torch.testing.assert_close(parts["unet"](x), network(x))
