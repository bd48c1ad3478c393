"""Latents against diffusers' own class; whose weights they are is never in doubt."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from diffusers import AutoencoderKL
from safetensors.torch import load_file, save_file
from torch import Tensor

from components.errors import AlphabarError
from components.networks.codecs.autoencoder import Autoencoder, config_of
from components.networks.codecs.autoencoder_files import (
    read_pretrained,
    write_autoencoder,
    write_scale,
)
from components.spec.model_folder import CODEC
from components.spec.sections.codec import CodecSpec
from components.training.autoencoder import new_autoencoder

IMAGE = (3, 16, 16)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("autoencoder")
    write_autoencoder(made, new_autoencoder(CodecSpec(kind="autoencoder", width=8), 3))
    write_scale(made, mean=0.5, deviation=2.0)
    return made


def codec(folder: Path) -> Autoencoder:
    return Autoencoder(config_of(folder, "autoencoder"), IMAGE, folder)


def pictures(count: int = 3) -> Tensor:
    generator = torch.Generator().manual_seed(0)
    return torch.randint(0, 256, (count, *IMAGE), dtype=torch.uint8, generator=generator)


def test_latents_and_images_are_those_of_diffusers(folder: Path) -> None:
    theirs: Any = AutoencoderKL.from_pretrained(folder, local_files_only=True)
    assert (theirs.config.scaling_factor, theirs.config.shift_factor) == (0.5, 0.5)
    ours, images = codec(folder), pictures()
    with torch.no_grad():
        posterior = theirs.encode(images / 127.5 - 1).latent_dist
        mean, deviation = ours.moments(images)
        torch.testing.assert_close(mean, (posterior.mean - 0.5) * 0.5)
        torch.testing.assert_close(deviation, posterior.std * 0.5)
        x0 = torch.randn(3, *ours.shape, generator=torch.Generator().manual_seed(1))
        decoded = (theirs.decode(x0 / 0.5 + 0.5).sample + 1) * 127.5
    assert (ours.decode(x0).float() - decoded.clamp(0, 255)).abs().max() <= 0.501
    assert torch.equal(ours.encode(images), mean)


def test_large_batches_are_taken_apart_without_a_difference(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    images = pictures(5)
    whole = codec(folder).encode(images)
    monkeypatch.setattr("components.networks.codecs.autoencoder._PIXELS_AT_ONCE", 2 * 16 * 16)
    torch.testing.assert_close(codec(folder).encode(images), whole)


def test_the_weights_go_with_a_model_and_are_read_when_they_are_needed(
    folder: Path, tmp_path: Path
) -> None:
    first = codec(folder)
    first.save(tmp_path)
    again = codec(tmp_path / CODEC)
    assert again._network is None
    assert torch.equal(again.encode(pictures()), first.encode(pictures()))
    again.release()
    assert again._network is None


def test_another_autoencoder_in_its_place_is_refused(folder: Path, tmp_path: Path) -> None:
    other = new_autoencoder(CodecSpec(kind="autoencoder", width=8, seed=1), 3)
    write_autoencoder(tmp_path, other)
    mixed = Autoencoder(config_of(folder, "autoencoder"), IMAGE, tmp_path)
    with pytest.raises(AlphabarError, match="not the autoencoder that the model was trained with"):
        mixed.encode(pictures())


def test_another_scale_or_other_channels_are_refused(folder: Path, tmp_path: Path) -> None:
    first = codec(folder)
    first.save(tmp_path)
    changed = tmp_path / CODEC / "config.json"
    values = json.loads(changed.read_text()) | {"scaling_factor": 0.6}
    changed.unlink()  # it may be one file with the original
    changed.write_text(json.dumps(values))
    with pytest.raises(AlphabarError, match=r"or its config\.json was changed"):
        Autoencoder(first.config, IMAGE, tmp_path / CODEC).encode(pictures())
    grey = Autoencoder(first.config, (1, 16, 16), folder)
    with pytest.raises(AlphabarError, match="reads images of 3 channels, and the model says 1"):
        grey.encode(pictures()[:, :1])


def test_a_missing_autoencoder_is_named(folder: Path, tmp_path: Path) -> None:
    without = Autoencoder(config_of(folder, "autoencoder"), IMAGE, tmp_path / CODEC)
    with pytest.raises(AlphabarError, match="the model's autoencoder is missing"):
        without.decode(torch.zeros(1, *without.shape))


def test_a_vae_is_read_as_others_publish_it(folder: Path, tmp_path: Path) -> None:
    theirs: Any = AutoencoderKL.from_pretrained(folder, local_files_only=True)
    theirs.save_pretrained(tmp_path / "sharded", max_shard_size="50KB")
    theirs.half().save_pretrained(tmp_path / "half", variant="fp16")
    theirs.float().save_pretrained(tmp_path / "old", safe_serialization=False)
    theirs.save_pretrained(tmp_path / "pipeline" / "vae")
    both = tmp_path / "both"
    shutil.copytree(tmp_path / "half", both)
    shutil.copy(folder / "diffusion_pytorch_model.safetensors", both)
    assert len(list((tmp_path / "sharded").glob("*.safetensors"))) > 1
    whole = AutoencoderKL.from_pretrained(folder, local_files_only=True).state_dict()
    rounded = theirs.state_dict()
    for name in ("sharded", "half", "old", "pipeline", "both"):
        expected = whole if name in ("sharded", "both") else rounded
        for weight, values in read_pretrained(tmp_path / name, 3).state_dict().items():
            assert values.dtype == torch.float32
            assert torch.equal(values, expected[weight]), (name, weight)


def test_old_names_of_the_attention_in_the_middle_are_read(folder: Path, tmp_path: Path) -> None:
    shutil.copy(folder / "config.json", tmp_path)
    weights = load_file(folder / "diffusion_pytorch_model.safetensors")
    renamed = {}
    for name, tensor in weights.items():
        for old, new in {"query": "to_q", "key": "to_k", "value": "to_v"}.items():
            name = name.replace(f".{new}.", f".{old}.")
        renamed[name.replace(".to_out.0.", ".proj_attn.")] = tensor
    assert any(".proj_attn." in name for name in renamed)
    save_file(renamed, tmp_path / "diffusion_pytorch_model.safetensors")
    read = read_pretrained(tmp_path, 3).state_dict()
    assert read.keys() == weights.keys()
    assert all(torch.equal(read[name], weights[name]) for name in weights)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"scaling_factor": 0.0}, "has the scaling_factor 0.0"),
        ({"scaling_factor": None}, "has the scaling_factor None"),
        ({"scaling_factor": 1e9}, "has the scaling_factor 1000000000.0"),
        ({"out_channels": 1}, "gives images of 1 channels back"),
        ({"latents_mean": [0.0] * 4}, "latents_mean"),
    ],
)
def test_a_vae_whose_latents_cannot_be_used_is_refused(
    folder: Path, tmp_path: Path, values: dict[str, Any], said: str
) -> None:
    shutil.copy(folder / "diffusion_pytorch_model.safetensors", tmp_path)
    config = json.loads((folder / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps(config | values))
    with pytest.raises(AlphabarError, match=said):
        read_pretrained(tmp_path, 3)


def test_weights_that_are_not_finite_are_refused(folder: Path, tmp_path: Path) -> None:
    theirs: Any = AutoencoderKL.from_pretrained(folder, local_files_only=True)
    next(theirs.parameters()).data.fill_(float("nan"))
    theirs.save_pretrained(tmp_path)
    with pytest.raises(AlphabarError, match="has weights that are not finite"):
        read_pretrained(tmp_path, 3)


def test_what_is_decoded_to_no_number_is_refused_and_becomes_no_grey_image(
    folder: Path, tmp_path: Path
) -> None:
    theirs: Any = AutoencoderKL.from_pretrained(folder, local_files_only=True)
    theirs.decoder.conv_out.weight.data.fill_(3e38)  # each a number, their sum none
    write_autoencoder(tmp_path, theirs)
    ours = codec(tmp_path)
    with pytest.raises(AlphabarError, match="2 of 2 images are not finite .* as the autoencoder"):
        ours.decode(torch.randn(2, *ours.shape))


def test_a_vae_that_cannot_serve_is_refused_by_name(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(AlphabarError, match="reads images of 3 channels, the data has 1"):
        read_pretrained(folder, 1)
    with pytest.raises(AlphabarError, match=r"config\.json"):
        read_pretrained(tmp_path, 3)
    shutil.copy(folder / "config.json", tmp_path)
    with pytest.raises(AlphabarError, match="has no weights"):
        read_pretrained(tmp_path, 3)
    (tmp_path / "config.json").write_text('{"_class_name": "AutoencoderTiny"}')
    with pytest.raises(AlphabarError, match="holds a `AutoencoderTiny`"):
        read_pretrained(tmp_path, 3)


class Evil:
    def __reduce__(self) -> tuple[Any, ...]:
        return (print, ("the pickle ran",))


def test_a_pickle_that_runs_code_is_refused(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copy(folder / "config.json", tmp_path)
    torch.save({"weights": Evil()}, tmp_path / "diffusion_pytorch_model.bin")
    with pytest.raises(AlphabarError, match="needs more than `weights_only`"):
        read_pretrained(tmp_path, 3)
    assert "the pickle ran" not in capsys.readouterr().out
