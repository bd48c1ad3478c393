"""Directories that lack something, do not fit, or lead elsewhere; and how their weights may lie."""

import inspect
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import diffusers
import pytest

from components.errors import AlphabarError
from components.spec.pipelines.families import NETWORKS
from components.spec.pipelines.folder import is_pipeline, read_pipeline
from components.spec.pipelines.scheduler_classes import CLASSES
from tests.tiny_pipelines import write_flux, write_sd1, write_sd3, write_sdxl


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_sd1(tmp_path_factory.mktemp("pipelines") / "sd1")


@pytest.fixture(scope="module")
def xl(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_sdxl(tmp_path_factory.mktemp("pipelines") / "sdxl")


@pytest.fixture(scope="module")
def flow(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_sd3(tmp_path_factory.mktemp("pipelines") / "sd3", t5=False)


@pytest.fixture
def broken(whole: Path, tmp_path: Path) -> Path:
    """A copy to be broken."""
    shutil.copytree(whole, tmp_path / "sd1")
    return tmp_path / "sd1"


def changed(path: Path, **values: Any) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


def test_what_is_there_is_said(whole: Path, xl: Path) -> None:
    found = read_pipeline(whole)
    assert (found.size, found.factor, found.latent_side, found.text_width) == (16, 2, 8, 16)
    assert not found.zeroed
    large = read_pipeline(xl)
    assert (large.zeroed, large.text_width, len(large.texts)) == (True, 40, 2)
    assert found.digest != large.digest
    assert found.digest == read_pipeline(whole).digest


def test_an_exported_model_of_ours_is_no_foreign_pipeline(broken: Path) -> None:
    assert is_pipeline(broken)
    (broken / "model.safetensors").touch()
    assert not is_pipeline(broken)


@pytest.mark.parametrize("name", CLASSES)
def test_a_scheduler_that_diffusers_saves_is_read(
    whole: Path, flow: Path, name: str, tmp_path: Path
) -> None:
    shutil.copytree(flow if CLASSES[name].flow else whole, tmp_path / "model")
    getattr(diffusers, name)().save_pretrained(tmp_path / "model" / "scheduler")
    found = read_pipeline(tmp_path / "model")
    assert found.configs["scheduler"]["_class_name"] == name
    assert found.sampling["solver"] in ("ddim", "dpmpp_2m", "euler")


@pytest.mark.parametrize("name", NETWORKS)
def test_what_a_network_leaves_out_is_what_diffusers_takes(name: str) -> None:
    theirs = inspect.signature(getattr(diffusers, name).__init__).parameters
    assert NETWORKS[name] == {key: theirs[key].default for key in NETWORKS[name]}


def test_sd1s_old_networks_draw_at_64_latents_a_side(broken: Path, xl: Path) -> None:
    changed(broken / "unet" / "config.json", _diffusers_version="0.8.1")
    assert read_pipeline(broken).latent_side == 64
    changed(broken / "unet" / "config.json", _diffusers_version="0.10.0")
    assert read_pipeline(broken).latent_side == 8


def test_the_guidance_that_flux_is_told_is_said_to_stay(tmp_path: Path) -> None:
    guided = read_pipeline(write_flux(tmp_path / "dev"))
    (said,) = guided.notes(3.5)
    assert "guidance 3.5 asks the network twice a step" in said
    assert guided.notes(1) == ()
    assert read_pipeline(write_flux(tmp_path / "schnell", guided=False)).notes(3.5) == ()


def remove(part: str) -> Callable[[Path], None]:
    def act(root: Path) -> None:
        path = root / part
        shutil.rmtree(path) if path.is_dir() else path.unlink()

    return act


def say(part: str, **values: Any) -> Callable[[Path], None]:
    return lambda root: changed(root / part, **values)


def link(part: str) -> Callable[[Path], None]:
    """Moves a file or folder away and leaves a link to it."""

    def act(root: Path) -> None:
        outside = root.parent / "elsewhere"
        shutil.move(root / part, outside)
        (root / part).symlink_to(outside)

    return act


def shard(name: str) -> Callable[[Path], None]:
    def act(root: Path) -> None:
        path = root / "unet" / "diffusion_pytorch_model.safetensors"
        path.unlink()
        index = path.with_name(f"{path.name}.index.json")
        index.write_text(json.dumps({"weight_map": {"conv_in.weight": name}}))

    return act


WEIGHTS = "unet/diffusion_pytorch_model.safetensors"
FAULTS: dict[str, tuple[Callable[[Path], None], str]] = {
    "no network": (remove("unet"), "has no unet/"),
    "no vae": (remove("vae"), "has no vae/"),
    "no encoder": (remove("text_encoder"), "has no text_encoder/"),
    "no tokenizer": (remove("tokenizer"), "has text_encoder/ without its tokenizer/"),
    "no scheduler": (remove("scheduler"), "has no scheduler/"),
    "no configuration": (remove("unet/config.json"), "config.json is missing"),
    "no weights": (remove(WEIGHTS), "unet has no weights"),
    "half of json": (lambda r: (r / "unet/config.json").write_text('{"a'), "config.json is broken"),
    "no index": (lambda r: (r / "model_index.json").write_text("[]"), "holds no JSON object"),
    "another pipeline": (
        say("model_index.json", _class_name="KandinskyPipeline"),
        "is a `KandinskyPipeline`, which is not read",
    ),
    "a pipeline of its own code": (
        say("model_index.json", _class_name=["pipeline", "X"]),
        "is a `\\['pipeline', 'X'\\]`, which is not read",
    ),
    "patches that are no number": (
        say("unet/config.json", patch_size=[2, 2]),
        "`patch_size: \\[2, 2\\]` is no whole number above 0",
    ),
    "sizes in words": (
        say("unet/config.json", addition_time_embed_dim="wide"),
        "`addition_time_embed_dim: 'wide'` is no whole number above 0",
    ),
    "widths of nothing": (
        say("unet/config.json", cross_attention_dim=[]),
        "`cross_attention_dim: \\[\\]` is no whole number above 0",
    ),
    "places in words": (
        say("unet/config.json", pos_embed_max_size="8"),
        "`pos_embed_max_size: '8'` is no whole number above 0",
    ),
    "channels of none": (
        say("vae/config.json", latent_channels=None),
        "`latent_channels: None` is no whole number above 0",
    ),
    "a number that is not finite": (
        say("scheduler/scheduler_config.json", sigma_max=float("nan")),
        "`sigma_max: nan` is beyond",
    ),
    "a pointer": (
        lambda r: (r / WEIGHTS).write_text("version https://git-lfs.github.com/spec/v1\noid 1"),
        "safetensors is a pointer of git-LFS",
    ),
    "code": (
        say("model_index.json", unet=["my_unet", "MyUNet"]),
        "unet is code of `my_unet`, which is not run",
    ),
    "a part of no class": (say("model_index.json", vae="vae"), "`vae: 'vae'` names no class"),
    "another vae": (
        say("model_index.json", vae=["diffusers", "AutoencoderTiny"]),
        "vae is a `AutoencoderTiny`, not a AutoencoderKL",
    ),
    "another network": (
        say("unet/config.json", _class_name="UNet2DModel"),
        "is of a `UNet2DModel`, not of a UNet2DConditionModel",
    ),
    "latents that do not fit": (
        say("vae/config.json", latent_channels=16),
        "reads 4 channels and gives 4, and the VAE's latents have 16",
    ),
    "an inpainting network": (say("unet/config.json", in_channels=9), "reads 9 channels"),
    "text that does not fit": (
        say("text_encoder/config.json", hidden_size=768),
        "reads text states of width 16, and its encoders make 768",
    ),
    "no scale": (say("vae/config.json", scaling_factor=0), "has the scaling_factor 0"),
    "a distilled network": (say("unet/config.json", time_cond_proj_dim=256), "is not read"),
    "an odd size": (say("unet/config.json", sample_size=[8, 16]), "`sample_size: "),
    "a huge size": (say("unet/config.json", sample_size=10**6), "`sample_size: 1000000`"),
    "a billion channels": (
        say("unet/config.json", block_out_channels=[10**9, 10**9]),
        "`block_out_channels: 1000000000` is beyond",
    ),
    "a billion layers": (say("unet/config.json", layers_per_block=10**9), "is beyond 128"),
    "a thousand blocks": (
        say("unet/config.json", block_out_channels=[8] * 1000),
        "`block_out_channels` has 1000 entries",
    ),
    "a flow": (
        say("scheduler/scheduler_config.json", _class_name="FlowMatchEulerDiscreteScheduler"),
        "is not a rectified flow",
    ),
    "an unknown prediction": (
        say("scheduler/scheduler_config.json", prediction_type="score"),
        "`prediction_type: 'score'` is not known",
    ),
    "a network elsewhere": (link("unet"), "is a link that leads out of"),
    "weights elsewhere": (link(WEIGHTS), "is a link that leads out of"),
    "a tokenizer elsewhere": (link("tokenizer"), "is a link that leads out of"),
    "a missing shard": (shard("a.safetensors"), "lacks the shards a.safetensors"),
    "a shard above": (shard("../../secret.safetensors"), "which is no file beside it"),
    "a shard from the root": (shard("/etc/passwd"), "which is no file beside it"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_what_is_wrong_is_named(broken: Path, fault: str) -> None:
    act, said = FAULTS[fault]
    act(broken)
    with pytest.raises(AlphabarError, match=said) as caught:
        read_pipeline(broken)
    assert "sd1" in caught.value.what
    assert caught.value.remedy


def test_an_sdxl_directory_called_sd1_is_refused(xl: Path, tmp_path: Path) -> None:
    shutil.copytree(xl, tmp_path / "xl")
    changed(tmp_path / "xl" / "model_index.json", _class_name="StableDiffusionPipeline")
    with pytest.raises(AlphabarError, match="as Stable Diffusion XL's does"):
        read_pipeline(tmp_path / "xl")


def test_an_sd1_directory_called_sdxl_lacks_the_second_encoder(broken: Path) -> None:
    changed(broken / "model_index.json", _class_name="StableDiffusionXLPipeline")
    with pytest.raises(AlphabarError, match="has no text_encoder_2/"):
        read_pipeline(broken)


@pytest.mark.parametrize("key", ["joint_attention_dim", "pooled_projection_dim"])
@pytest.mark.parametrize("write", [write_sd3, write_flux])
def test_a_flows_text_must_fit(write: Callable[[Path], Path], key: str, tmp_path: Path) -> None:
    folder = write(tmp_path / "flow")
    changed(folder / "transformer" / "config.json", **{key: 512})
    with pytest.raises(AlphabarError, match="of width 512"):
        read_pipeline(folder)


def test_a_snapshot_of_the_hub_is_made_of_links(broken: Path, tmp_path: Path) -> None:
    cache = tmp_path / "models--some--sd1"
    snapshot, blobs = cache / "snapshots" / ("0" * 40), cache / "blobs"
    shutil.copytree(broken, snapshot)
    blobs.mkdir()
    for number, path in enumerate(sorted(p for p in snapshot.rglob("*") if p.is_file())):
        shutil.move(path, blobs / str(number))
        path.symlink_to(blobs / str(number))
    assert read_pipeline(snapshot).digest == read_pipeline(broken).digest
