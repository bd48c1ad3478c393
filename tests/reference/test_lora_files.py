"""LoRA files, written and read, against diffusers' loader, peft's layers and kohya's rule."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file
from torch import Tensor, nn

from components.networks.adapters import Adapter, save_adapter
from components.networks.adapters.lora_export import save_lora
from components.networks.adapters.lora_file import read_lora
from components.networks.adapters.lora_written import (
    diffusers_metadata,
    diffusers_tensors,
    write_diffusers,
    write_kohya,
)
from components.networks.adapters.low_rank import Lora, LowRank, bake, layers_of
from components.networks.adapters.parts import parts_of, text_parts
from components.networks.checkpoint import load_checkpoint
from components.networks.pipeline import read_parts
from tests.decibels import decibels
from tests.drawn_alike import by_diffusers, by_us
from tests.networks.test_pipeline import PROMPTS
from tests.networks.test_pipeline import theirs as diffusers_pipeline
from tests.tiny_pipelines import write_sd1, write_sdxl

WRITERS = {"sd1": write_sd1, "sdxl": write_sdxl}
SAID: dict[str, Any] = {
    "base_version": "sd_v1",
    "architecture": "stable-diffusion-v1",
    "title": "a style",
}


def unet_of(folder: Path) -> dict[str, nn.Module]:
    network: Any = read_parts(folder).network
    return {"unet": network.model}


def drawn(parts: Mapping[str, nn.Module], **kind: bool) -> Lora:
    """Rank 16, α 8 on `to_q` and rank 4, α 4 on the feed-forward, in one adapter."""
    random = torch.Generator().manual_seed(0)
    lora = {}
    for name, layer in layers_of(parts).items():
        out, inputs = layer.weight.flatten(1).shape  # type: ignore[operator, union-attr]
        rank, alpha = (16, 8.0) if name.endswith("to_q") else (4, 4.0)
        if name.endswith(("to_q", "ff.net.0.proj", "ff.net.2")):
            down = 0.1 * torch.randn(rank, inputs, generator=random)
            lora[name] = LowRank(down, torch.randn(out, rank, generator=random), alpha, **kind)
    assert {change.rank for change in lora.values()} == {16, 4}
    return lora


@pytest.fixture(params=WRITERS)
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    WRITERS[request.param](tmp_path / request.param)
    return tmp_path / request.param


def changes_of(lora: Lora) -> dict[str, Tensor]:
    """α/r·B·A, written out."""
    return {
        name: change.alpha / len(change.down) * (change.up @ change.down)
        for name, change in lora.items()
    }


def same(found: Mapping[str, Tensor], expected: Mapping[str, Tensor]) -> None:
    assert found.keys() == expected.keys()
    for name, tensor in expected.items():
        torch.testing.assert_close(found[name], tensor, rtol=1e-5, atol=1e-5)


def loaded(folder: Path, file: Path) -> Any:
    """diffusers' pipeline with the adapter."""
    from diffusers import DiffusionPipeline

    pipeline = DiffusionPipeline.from_pretrained(folder)
    pipeline.load_lora_weights(file.parent, weight_name=file.name)
    return pipeline


def deltas(unet: nn.Module) -> dict[str, Tensor]:
    """What peft's layers add to the weights."""
    from peft.tuners.lora import LoraLayer

    return {
        f"unet.{name}": layer.get_delta_weight(layer.active_adapters[0]).detach()  # type: ignore[operator]
        for name, layer in unet.named_modules()
        if isinstance(layer, LoraLayer)
    }


def test_diffusers_file_through_diffusers_own_loader(folder: Path, tmp_path: Path) -> None:
    parts = unet_of(folder)
    lora = drawn(parts)
    write_diffusers(tmp_path / "lora.safetensors", lora, parts)
    same(deltas(loaded(folder, tmp_path / "lora.safetensors").unet), changes_of(lora))


def test_kohyas_file_through_diffusers_own_loader(folder: Path, tmp_path: Path) -> None:
    parts = unet_of(folder)
    lora = drawn(parts)
    two = folder.name == "sdxl"
    write_kohya(tmp_path / "lora.safetensors", lora, parts, **SAID, two_encoders=two)
    same(deltas(loaded(folder, tmp_path / "lora.safetensors").unet), changes_of(lora))


def test_kohyas_file_by_kohyas_rule(folder: Path, tmp_path: Path) -> None:
    """lora_up · lora_down · alpha / rank, as networks/lora.py merges it."""
    parts = unet_of(folder)
    lora = drawn(parts)
    write_kohya(tmp_path / "lora.safetensors", lora, parts, **SAID)
    stored = load_file(tmp_path / "lora.safetensors")
    found = {}
    for name in lora:
        key = "lora_unet_" + name.removeprefix("unet.").replace(".", "_")
        up, down = stored.pop(f"{key}.lora_up.weight"), stored.pop(f"{key}.lora_down.weight")
        found[name] = up @ down * (float(stored.pop(f"{key}.alpha")) / down.shape[0])
    assert not stored
    same(found, changes_of(lora))


@pytest.mark.parametrize("form", ["diffusers", "kohya"])
def test_what_was_written_is_read_again(folder: Path, tmp_path: Path, form: str) -> None:
    parts, file = unet_of(folder), tmp_path / "lora.safetensors"
    lora = drawn(parts)
    if form == "kohya":
        write_kohya(file, lora, parts, **SAID, two_encoders=folder.name == "sdxl")
    else:
        write_diffusers(file, lora, parts)
    assert changes_of(read_lora(file, parts)).keys() == lora.keys()
    for name, change in read_lora(file, parts).items():
        assert torch.equal(change.product(), lora[name].product())


@pytest.mark.parametrize("kind", [{}, {"use_rslora": True}, {"use_dora": True}])
@pytest.mark.parametrize("form", ["peft", "diffusers"])
def test_pefts_own_layers_compute_what_is_baked(
    tmp_path: Path, kind: dict[str, bool], form: str
) -> None:
    """Both files that peft's adapters are saved in, with ranks and α of their own."""
    from diffusers import StableDiffusionPipeline
    from peft import LoraConfig, get_peft_model
    from peft.utils import get_peft_model_state_dict

    write_sd1(tmp_path / "sd")
    parts = unet_of(tmp_path / "sd")
    theirs = unet_of(tmp_path / "sd")["unet"]
    targets = ["to_q", "to_k", "ff.net.2", "conv1"]
    config = LoraConfig(
        r=4,
        lora_alpha=6,
        target_modules=targets,
        rank_pattern={"to_q": 8},
        alpha_pattern={"attn2.to_q": 3, "conv1": 5},
        **kind,
    )
    wrapped: Any = get_peft_model(theirs, config)  # type: ignore[arg-type]
    torch.manual_seed(0)
    for name, weight in wrapped.named_parameters():
        if "lora_B" in name:
            nn.init.normal_(weight, std=0.1)
        if "magnitude" in name:
            weight.data *= 1.1
    if form == "peft":
        wrapped.save_pretrained(tmp_path / "adapter")
        file = tmp_path / "adapter"
    else:
        stored = get_peft_model_state_dict(wrapped)
        tensors = {name.removeprefix("base_model.model."): t for name, t in stored.items()}
        StableDiffusionPipeline.save_lora_weights(
            tmp_path, unet_lora_layers=tensors, unet_lora_adapter_metadata=config.to_dict()
        )
        file = tmp_path / "pytorch_lora_weights.safetensors"
    given = {
        "sample": torch.randn(2, 4, 8, 8),
        "timestep": torch.tensor([10, 500]),
        "encoder_hidden_states": torch.randn(2, 5, 16),
    }
    with torch.no_grad():
        before = parts["unet"](**given).sample
        bake(parts, read_lora(file, parts), 1.0)
        found, expected = parts["unet"](**given).sample, wrapped(**given).sample
    assert not torch.allclose(before, expected, atol=1e-3)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)


def trained(folder: Path, file: Path, spread: tuple[float, float], seed: int) -> None:
    """An adapter of the U-Net and of every text encoder, as diffusers' scripts leave one, with B
    spread so far in the one and the others."""
    from diffusers import DiffusionPipeline
    from peft import LoraConfig
    from peft.utils import get_peft_model_state_dict

    pipeline: Any = DiffusionPipeline.from_pretrained(folder)
    torch.manual_seed(seed)
    given: dict[str, Any] = {}
    told = [name for name in ("text_encoder", "text_encoder_2") if hasattr(pipeline, name)]
    for name in ("unet", *told):
        targets = ["to_q", "to_v", "conv1"] if name == "unet" else ["q_proj", "v_proj", "fc1"]
        config = LoraConfig(r=4, lora_alpha=3, target_modules=targets, alpha_pattern={"fc1": 2})
        network = getattr(pipeline, name)
        network.add_adapter(config)
        for key, weight in network.named_parameters():
            if "lora_B" in key:
                nn.init.normal_(weight, std=spread[name != "unet"])
        given[f"{name}_lora_layers"] = get_peft_model_state_dict(network)
        given[f"{name}_lora_adapter_metadata"] = config.to_dict()
    type(pipeline).save_lora_weights(file.parent, weight_name=file.name, **given)


@pytest.mark.parametrize(
    ("weights", "spread"),
    [((1.0,), (4.0, 0.0)), ((0.6,), (0.0, 100.0)), ((0.7, -0.4), (4.0, 8.0))],
)
def test_images_with_adapters_are_those_of_diffusers(
    folder: Path, tmp_path: Path, weights: tuple[float, ...], spread: tuple[float, float]
) -> None:
    files = [tmp_path / f"{number}.safetensors" for number in range(len(weights))]
    for number, file in enumerate(files):
        trained(folder, file, spread, seed=number)
    how: dict[str, Any] = {"steps": 8, "guidance": 30.0}
    found = by_us(folder, PROMPTS, **how, adapters=list(zip(files, weights, strict=True)))
    without = by_us(folder, PROMPTS, **how)
    pipeline = diffusers_pipeline(folder)
    for file in files:
        pipeline.load_lora_weights(
            file.parent, weight_name=file.name, adapter_name=f"adapter{file.stem}"
        )
    names = [f"adapter{file.stem}" for file in files]
    pipeline.set_adapters(names, adapter_weights=list(weights))
    expected = by_diffusers(pipeline, PROMPTS, **how)
    assert decibels(found, expected) > 50
    assert decibels(without, expected) < 40


@pytest.mark.parametrize("text", [False, True])
def test_a_lora_of_ours_is_exported_in_both_forms(folder: Path, tmp_path: Path, text: bool) -> None:
    """Images through diffusers, of its own file and of kohya's, are those that we draw. Of kohya's
    files diffusers 0.42 loses the attention of text encoders, and takes one α for all of their
    layers: what the file says of them is held against kohya's rule."""
    trained(folder, tmp_path / "theirs.safetensors", (4.0, 100.0 if text else 0.0), seed=0)
    ours, out = tmp_path / "ours", tmp_path / "out"
    ours.mkdir()
    out.mkdir()
    model = load_checkpoint(folder)
    parts = parts_of(model) | text_parts(model)
    lora = read_lora(tmp_path / "theirs.safetensors", parts)
    lora = {name: each for name, each in lora.items() if text or name.startswith("unet.")}
    tensors, said = diffusers_tensors(lora, parts), diffusers_metadata(lora, parts)
    save_adapter(ours, model, Adapter.of("lora", folder), tensors, said)
    lines = save_lora(ours, folder, out, "style")
    assert len(lines) == 2
    how: dict[str, Any] = {"steps": 4, "guidance": 30.0}
    images = by_us(ours, PROMPTS, **how, base=folder)
    names = ["pytorch_lora_weights.safetensors", *([] if text else ["style.safetensors"])]
    for name in names:
        pipeline = diffusers_pipeline(folder)
        pipeline.load_lora_weights(out, weight_name=name)
        assert decibels(images, by_diffusers(pipeline, PROMPTS, **how)) > 50, name
    if text:
        stored, prefix = load_file(out / "style.safetensors"), "lora_te"
        prefix += "1" * (folder.name == "sdxl")
        layer = f"{prefix}_text_model_encoder_layers_0_mlp_fc1"
        ends = ("lora_up.weight", "lora_down.weight", "alpha")
        up, down, alpha = (stored[f"{layer}.{end}"] for end in ends)
        of_text = {name: each for name, each in lora.items() if name.startswith("text_encoder.")}
        change = next(each for name, each in of_text.items() if "layers.0.mlp.fc1" in name)
        torch.testing.assert_close(up @ down * (float(alpha) / len(down)), change.product())
        again = read_lora(out / "style.safetensors", parts)
        assert again.keys() == lora.keys()
        assert all(torch.equal(again[n].product(), lora[n].product()) for n in lora)
    with safe_open(out / "style.safetensors", framework="np") as file:
        header = file.metadata()
    version, architecture = {
        "sd1": ("sd_v1", "stable-diffusion-v1/lora"),
        "sdxl": ("sdxl_base_v1-0", "stable-diffusion-xl-v1-base/lora"),
    }[folder.name]
    assert header["ss_base_model_version"] == version
    assert header["modelspec.architecture"] == architecture
    assert header["modelspec.hash_sha256"] == f"0x{header['sshs_model_hash']}"
