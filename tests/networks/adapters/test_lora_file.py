"""Files of LoRA weights: older spellings, and what is refused."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from components.errors import AlphabarError
from components.networks.adapters.lora_file import read_lora, tells_text
from components.networks.adapters.lora_settings import METADATA

Q = "unet.attn1.to_q"


class Layer(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.to_q, self.to_k = nn.Linear(6, 8, bias=False), nn.Linear(6, 8)
        self.to_out = nn.ModuleList([nn.Linear(8, 6)])
        self.conv1 = nn.Conv2d(4, 8, 3)


@pytest.fixture
def parts() -> dict[str, nn.Module]:
    return {"unet": nn.ModuleDict({"attn1": Layer(), "attn2": Layer()})}


def projections(rank: int = 2, inputs: int = 6, out: int = 8) -> tuple[Tensor, Tensor]:
    random = torch.Generator().manual_seed(0)
    down = torch.randn(rank, inputs, generator=random)
    return down, torch.randn(out, rank, generator=random)


def spelt(layer: str, down: str, up: str) -> dict[str, Tensor]:
    first, second = projections()
    return {f"{layer}{down}": first, f"{layer}{up}": second}


SPELLINGS = {
    "peft's ends": spelt(Q, ".lora_A.weight", ".lora_B.weight"),
    "with the adapter's name": spelt(Q, ".lora_A.default.weight", ".lora_B.default.weight"),
    "of processors": spelt(
        "unet.attn1.processor", ".to_q_lora.down.weight", ".to_q_lora.up.weight"
    ),
    "of projections": spelt("unet.attn1", ".to_q_lora.down.weight", ".to_q_lora.up.weight"),
    "of layers": spelt(Q, ".lora.down.weight", ".lora.up.weight"),
    "without a part": spelt("attn1.to_q", ".lora.down.weight", ".lora.up.weight"),
    "linear layers": spelt(Q, ".lora_linear_layer.down.weight", ".lora_linear_layer.up.weight"),
    "kohya": spelt("lora_unet_attn1_to_q", ".lora_down.weight", ".lora_up.weight"),
    "peft": spelt("base_model.model.attn1.to_q", ".lora_A.weight", ".lora_B.weight"),
}


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_every_spelling_means_the_same_layer(
    tmp_path: Path, parts: dict[str, nn.Module], spelling: str
) -> None:
    save_file(SPELLINGS[spelling], tmp_path / "lora.safetensors")
    lora = read_lora(tmp_path / "lora.safetensors", parts)
    down, up = projections()
    assert lora.keys() == {Q}
    assert torch.equal(lora[Q].product(), up @ down), "α is the rank where it is not said"
    assert not tells_text(tmp_path / "lora.safetensors")


def test_the_output_projection_is_the_first_of_its_list(
    tmp_path: Path, parts: dict[str, nn.Module]
) -> None:
    down, up = projections(inputs=8, out=6)
    name = "unet.attn2.processor.to_out_lora"
    save_file({f"{name}.down.weight": down, f"{name}.up.weight": up}, tmp_path / "lora.safetensors")
    assert read_lora(tmp_path / "lora.safetensors", parts).keys() == {"unet.attn2.to_out.0"}


def test_alpha_is_where_each_tool_keeps_it(tmp_path: Path, parts: dict[str, nn.Module]) -> None:
    ours = SPELLINGS["kohya"] | {"lora_unet_attn1_to_q.alpha": torch.tensor(0.5)}
    save_file(ours, tmp_path / "kohya.safetensors")
    said = {"unet.r": 2, "unet.lora_alpha": 4, "unet.alpha_pattern": {"attn1.to_q": 3}}
    header = {METADATA: json.dumps(said)}
    save_file(SPELLINGS["peft's ends"], tmp_path / "diffusers.safetensors", header)
    (tmp_path / "peft").mkdir()
    save_file(SPELLINGS["peft"], tmp_path / "peft" / "adapter_model.safetensors")
    (tmp_path / "peft" / "adapter_config.json").write_text(
        '{"r": 2, "lora_alpha": 7, "use_rslora": true}'
    )
    found = {
        path.stem: read_lora(path, parts)[Q].scale
        for path in (tmp_path / "kohya.safetensors", tmp_path / "diffusers.safetensors")
    }
    assert found == {"kohya": 0.25, "diffusers": 1.5}
    assert read_lora(tmp_path / "peft", parts)[Q].scale == pytest.approx(7 / 2**0.5)


def renamed(end: str, other: str) -> dict[str, Tensor]:
    return {name.replace(end, other): tensor for name, tensor in SPELLINGS["kohya"].items()}


KOHYA = SPELLINGS["kohya"]
WRONG: dict[str, tuple[dict[str, Tensor], str]] = {
    "LoHa": (KOHYA | {"lora_unet_attn1_to_q.hada_w1_a": torch.ones(2, 2)}, "holds a LoHa"),
    "LoKr": (KOHYA | {"lora_unet_attn1_to_q.lokr_w1": torch.ones(2, 2)}, "holds a LoKr"),
    "DoRA": (
        KOHYA | {"lora_unet_attn1_to_q.dora_scale": torch.ones(8, 1)},
        "holds a DoRA as kohya's scripts write it",
    ),
    "a middle layer": (
        KOHYA | {"lora_unet_attn1_to_q.lora_mid.weight": torch.ones(2, 2)},
        "a LoCon with a middle layer",
    ),
    "another model": (renamed("attn1", "attn7"), "changes 1 layer that this one does not have"),
    "strange": (KOHYA | {"emb_params": torch.ones(2, 2)}, "what is no part of a LoRA: emb_params"),
    "half": ({"lora_unet_attn1_to_q.lora_up.weight": torch.ones(8, 2)}, "lacks the down"),
    "not finite": (
        renamed("lora_up", "lora_up")
        | {"lora_unet_attn1_to_q.lora_up.weight": torch.full((8, 2), torch.nan)},
        "not finite",
    ),
    "wider": (
        KOHYA | {"lora_unet_attn1_to_q.lora_down.weight": torch.ones(2, 7)},
        r"as a layer of shape \(8, 7\), and this one's is \(8, 6\)",
    ),
    "projections": (
        KOHYA | {"lora_unet_attn1_to_q.lora_down.weight": torch.ones(3, 6)},
        "do not fit each other",
    ),
    "empty": ({}, "changes no layer"),
    "no rank": (
        {
            "lora_unet_attn1_to_q.lora_down.weight": torch.ones(0, 6),
            "lora_unet_attn1_to_q.lora_up.weight": torch.ones(8, 0),
        },
        "do not fit each other",
    ),
    "several α": (KOHYA | {"lora_unet_attn1_to_q.alpha": torch.ones(3)}, "3 numbers as the α of"),
    "α of 0": (KOHYA | {"lora_unet_attn1_to_q.alpha": torch.tensor(0.0)}, "says α = 0 of"),
    "α below 0": (KOHYA | {"lora_unet_attn1_to_q.alpha": torch.tensor(-2.0)}, "says α = -2 of"),
    "magnitudes": (
        SPELLINGS["peft's ends"] | {f"{Q}.lora_magnitude_vector": torch.ones(9)},
        "9 magnitudes of unet.attn1.to_q, which has 8 outputs",
    ),
    "a layer in two spellings": (
        SPELLINGS["peft's ends"] | SPELLINGS["of layers"],
        r"has unet\.attn1\.to_q in two spellings, as unet.*\.weight and as unet.*\.weight",
    ),
    "a layer under two names": (
        SPELLINGS["of layers"] | SPELLINGS["without a part"],
        r"has unet\.attn1\.to_q in two spellings, as attn1\.to_q.* and as unet\.attn1",
    ),
    "half of each spelling": (
        {
            f"{Q}.alpha": torch.tensor(2.0),
            f"{Q}.lora_A.weight": projections()[0],
            f"{Q}.lora.up.weight": projections()[1],
        },
        r"has unet\.attn1\.to_q in two spellings",
    ),
    "quantised": (
        {name: tensor.to(torch.int8) for name, tensor in KOHYA.items()},
        "int8 numbers of unet.attn1.to_q",
    ),
}


@pytest.mark.parametrize("fault", WRONG)
def test_what_is_no_lora_of_this_model_is_named(
    tmp_path: Path, parts: dict[str, nn.Module], fault: str
) -> None:
    tensors, message = WRONG[fault]
    save_file(tensors, tmp_path / "lora.safetensors")
    with pytest.raises(AlphabarError, match=message) as raised:
        read_lora(tmp_path / "lora.safetensors", parts)
    assert "lora.safetensors" in raised.value.what


def pickle(folder: Path) -> Path:
    torch.save({"string_to_param": {"*": torch.ones(2)}}, folder / "style.pt")
    return folder / "style.pt"


def empty_folder(folder: Path) -> Path:
    return folder


def broken_metadata(folder: Path) -> Path:
    save_file(SPELLINGS["peft's ends"], folder / "lora.safetensors", {METADATA: "{"})
    return folder / "lora.safetensors"


def no_alpha(folder: Path) -> Path:
    said: dict[str, Any] = {"unet.lora_alpha": "two"}
    header = {METADATA: json.dumps(said)}
    save_file(SPELLINGS["peft's ends"], folder / "lora.safetensors", header)
    return folder / "lora.safetensors"


def with_pattern(folder: Path, pattern: Any) -> Path:
    said = {"unet.r": 2, "unet.lora_alpha": 4, "unet.alpha_pattern": pattern}
    header = {METADATA: json.dumps(said)}
    save_file(SPELLINGS["peft's ends"], folder / "lora.safetensors", header)
    return folder / "lora.safetensors"


def no_patterns(folder: Path) -> Path:
    return with_pattern(folder, [1])


@pytest.mark.parametrize("pattern", [r"([a-z_0-9]+[a-z_0-9.]*)+!", ".*" * 30 + "!", "("])
def test_a_pattern_that_would_never_end_is_passed_over(
    tmp_path: Path, parts: dict[str, nn.Module], pattern: str
) -> None:
    path = with_pattern(tmp_path, {pattern: 3})
    assert read_lora(path, parts)[Q].alpha == 4


def half_copied(folder: Path) -> Path:
    save_file(SPELLINGS["peft"], folder / "adapter_model.safetensors")
    return folder


def broken_config(folder: Path) -> Path:
    save_file(SPELLINGS["peft"], folder / "adapter_model.safetensors")
    (folder / "adapter_config.json").write_text("[1]")
    return folder


@pytest.mark.parametrize(
    ("write", "message"),
    [
        (pickle, "is no file of safetensors"),
        (empty_folder, "holds neither adapter_model.safetensors nor pytorch_lora_weights"),
        (broken_metadata, "`lora_adapter_metadata` is broken"),
        (no_alpha, "says no α of unet.attn1.to_q: 'two'"),
        (no_patterns, "its `alpha_pattern` is no JSON object"),
        (half_copied, "has no adapter_config.json beside it"),
        (broken_config, "no JSON object of peft's configuration"),
    ],
)
def test_files_that_cannot_be_read_are_named(
    tmp_path: Path, parts: dict[str, nn.Module], write: Callable[[Path], Path], message: str
) -> None:
    with pytest.raises(AlphabarError, match=message):
        read_lora(write(tmp_path), parts)
