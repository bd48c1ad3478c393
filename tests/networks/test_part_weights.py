"""Weights as others publish them: whole or in shards, whole or half precision, safetensors or .bin;
and files that are broken, hostile, or of another network."""

import json
import resource
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from diffusers import UNet2DConditionModel
from safetensors.torch import load_file, save_file

from components.errors import AlphabarError
from components.networks.pipeline import read_denoiser
from components.spec.pipelines.folder import read_pipeline
from tests.tiny_pipelines import write_flux, write_sd1, write_sd3

NAME = "diffusion_pytorch_model"


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_sd1(tmp_path_factory.mktemp("weights") / "sd1")


@pytest.fixture
def copy(whole: Path, tmp_path: Path) -> Path:
    shutil.copytree(whole, tmp_path / "sd1")
    return tmp_path / "sd1"


def weights_of(root: Path) -> dict[str, torch.Tensor]:
    network = read_denoiser(read_pipeline(root))
    return {name.removeprefix("model."): w for name, w in network.state_dict().items()}


def saved_again(root: Path, *, half: bool = False, **how: Any) -> dict[str, torch.Tensor]:
    """The network as diffusers saves it in that way; its weights."""
    network: Any = UNet2DConditionModel.from_pretrained(root / "unet", local_files_only=True)
    network = network.half() if half else network
    shutil.rmtree(root / "unet")
    network.save_pretrained(root / "unet", **how)
    return {name: weights.float() for name, weights in network.state_dict().items()}


WAYS: dict[str, dict[str, Any]] = {
    "shards": {"max_shard_size": "100KB"},
    "halves": {"half": True, "variant": "fp16"},
    "shards of halves": {"half": True, "variant": "fp16", "max_shard_size": "50KB"},
    "old files": {"safe_serialization": False},
    "old shards": {"safe_serialization": False, "max_shard_size": "100KB"},
    "old halves": {"safe_serialization": False, "half": True, "variant": "fp16"},
}


@pytest.mark.parametrize("way", WAYS)
def test_weights_are_read_as_others_publish_them_in_float32(copy: Path, way: str) -> None:
    expected = saved_again(copy, **WAYS[way])
    assert len(list((copy / "unet").iterdir())) > (3 if "shards" in way else 1)
    found = weights_of(copy)
    assert found.keys() == expected.keys()
    for name, weights in found.items():
        assert weights.dtype == torch.float32
        assert torch.equal(weights, expected[name]), name


def test_whole_weights_are_read_before_halves_and_safetensors_before_old_files(
    copy: Path,
) -> None:
    before = weights_of(copy)
    for suffix in ("fp16.safetensors", "bin"):
        (copy / "unet" / f"{NAME}.{suffix}").write_bytes(b"never read")
    assert all(torch.equal(before[name], w) for name, w in weights_of(copy).items())


class Evil:
    def __reduce__(self) -> tuple[Any, ...]:
        return (print, ("the pickle ran",))


def test_a_pickle_that_runs_code_is_refused(copy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (copy / "unet" / f"{NAME}.safetensors").unlink()
    for content in ({"conv_in.weight": Evil()}, {"conv_in.weight": "text"}, [torch.zeros(1)]):
        torch.save(content, copy / "unet" / f"{NAME}.bin")
        with pytest.raises(AlphabarError, match=r"more than `weights_only`|something else than"):
            weights_of(copy)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("content", [b"....", b"\x80\x02.", b"odd", b"PK\x03\x04"])
def test_odd_bytes_are_no_file_of_weights(copy: Path, content: bytes) -> None:
    (copy / "unet" / f"{NAME}.safetensors").unlink()
    (copy / "unet" / f"{NAME}.bin").write_bytes(content)
    with pytest.raises(AlphabarError, match=r"bin (is|holds)"):
        weights_of(copy)


@pytest.mark.parametrize("suffix", ["safetensors", "bin"])
def test_files_that_are_cut_short_are_named(copy: Path, suffix: str) -> None:
    saved_again(copy, safe_serialization=suffix == "safetensors")
    path = copy / "unet" / f"{NAME}.{suffix}"
    path.write_bytes(path.read_bytes()[:5000])
    with pytest.raises(AlphabarError, match=rf"{NAME}\.{suffix} is not a whole file"):
        weights_of(copy)


def test_weights_that_are_not_finite_are_refused(copy: Path) -> None:
    path = copy / "unet" / f"{NAME}.safetensors"
    weights = load_file(path)
    weights["conv_out.weight"][0, 0, 0, 0] = float("nan")
    save_file(weights, path, metadata={"format": "pt"})
    with pytest.raises(AlphabarError, match=r"conv_out\.weight has weights that are not finite"):
        weights_of(copy)


@pytest.mark.parametrize("kind", [torch.int8, torch.bool, torch.complex64])
@pytest.mark.parametrize("suffix", ["safetensors", "bin"])
def test_numbers_of_other_kinds_are_no_weights(copy: Path, kind: torch.dtype, suffix: str) -> None:
    weights = saved_again(copy, safe_serialization=suffix == "safetensors")
    weights["conv_out.bias"] = weights["conv_out.bias"].to(kind)
    path = copy / "unet" / f"{NAME}.{suffix}"
    if suffix == "bin":
        torch.save(weights, path)
    else:
        save_file(weights, path, metadata={"format": "pt"})
    with pytest.raises(AlphabarError, match=r"no numbers of floating point: .* conv_out\.bias of"):
        weights_of(copy)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"block_out_channels": [8, 32]}, r"they have .* instead of"),
        ({"layers_per_block": 2}, "they lack "),
        ({"only_cross_attention": "x" * 9}, "network that there can be|are not those"),
        ({"down_block_types": ["DownBlock2D", "NoBlock2D"]}, "no network that there can be"),
        ({"norm_num_groups": 7}, "no network that there can be"),
        ({"norm_eps": "small"}, r"`norm_eps: 'small'` is no number of at least 0"),
        ({"attention_head_dim": -1}, r"`attention_head_dim: -1` is no number of at least 0"),
        ({"downsample_padding": 1.5}, r"`downsample_padding: 1\.5` is no whole number"),
        ({"freq_shift": None}, r"`freq_shift: None` is no number of at least 0"),
    ],
)
def test_a_configuration_of_another_network_is_refused(
    copy: Path, change: dict[str, Any], said: str
) -> None:
    path = copy / "unet" / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(AlphabarError, match=said):
        weights_of(copy)


@pytest.mark.parametrize(
    "change",
    [
        *({"axes_dims_rope": axes} for axes in ([1], [4, 4, 7], "x", [])),
        {"attention_head_dim": -1},
        {"freq_shift": "x"},
        {"norm_eps": "a"},
    ],
    ids=str,
)
def test_a_network_that_fails_when_it_is_asked_is_refused_when_it_is_read(
    copy: Path, tmp_path: Path, change: dict[str, Any]
) -> None:
    flux = "axes_dims_rope" in change
    root, part = (write_flux(tmp_path / "flux"), "transformer") if flux else (copy, "unet")
    path = root / part / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(AlphabarError, match=rf"/{part} describes no network that there can be"):
        weights_of(root)


HUGE = {
    "unet": {"block_out_channels": [2**19, 2**20]},
    "transformer": {"pos_embed_max_size": 600, "num_attention_heads": 1024},
}


@pytest.mark.parametrize("part", HUGE)
def test_a_huge_network_costs_no_memory(copy: Path, tmp_path: Path, part: str) -> None:
    copy = copy if part == "unet" else write_sd3(tmp_path / "sd3")
    path = copy / part / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | HUGE[part]))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(AlphabarError, match=r"instead of|table of places"):
        weights_of(copy)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000  # KiB
