"""The autoencoder trains, resumes, is judged, and its latents are what training draws from."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from diffusers import AutoencoderKL
from PIL import Image

from components.data.arrays import load_split
from components.errors import AlphabarError
from components.figures.record import read_judgement
from components.licences import licences_in
from components.networks.codecs import build_codec
from components.networks.codecs.autoencoder import config_of
from components.runtime import Runtime
from components.spec.sections.codec import CodecSpec
from components.training.autoencoder import autoencoder, new_autoencoder
from components.training.encode import encode
from components.training.latents import MIRRORED, drawn, load_encoded
from components.training.perceptual import PerceptualDistance
from components.training.pictures import pictures, read_prompts
from components.training.reconstruction_loss import ReconstructionLoss

SECTION = {
    "downsample": 2,
    "width": 8,
    "steps": 12,
    "batch_size": 32,
    "evaluate_every": 6,
    "checkpoint_every": 4,
    "perceptual": 0.0,
}


def run(out: Path, data: Path, scratch: Path | None = None, **section: Any) -> Path:
    out.mkdir()
    if scratch is not None:
        scratch.mkdir(exist_ok=True)
    codec = CodecSpec(kind="autoencoder", **(SECTION | section))
    spec = {
        "codec": codec.model_dump(mode="json"),
        "judge": {"extractor": "efficientnet_lite0"},
    }
    autoencoder(spec, {"data": data}, out, Runtime(accelerator="cpu", scratch=scratch))
    return out


@pytest.fixture(scope="module")
def trained(digits: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return run(tmp_path_factory.mktemp("trained") / "out", digits, steps=60, evaluate_every=30)


def test_it_learns_and_says_how_well(trained: Path) -> None:
    history = (trained / "history.csv").read_text().splitlines()
    losses = [float(line.split(",")[1]) for line in history[1:]]
    assert losses[-1] < 0.7 * losses[0]
    judgement = read_judgement(trained / "judgement")
    names = {"reconstruction_psnr", "reconstruction_ssim", "fd_efficientnet_lite0"}
    assert set(judgement.figures) == names
    psnr = judgement.figures["reconstruction_psnr"]
    assert psnr.low < psnr.value < psnr.high
    assert (trained / "reconstructions.png").is_file()
    drawn = pictures(trained / "samples")
    assert list(drawn) == [0, 30, 60]
    assert read_prompts(trained / "samples") is None, "nobody asks an autoencoder for anything"
    first, later = (np.asarray(Image.open(drawn[step])) for step in (0, 30))
    assert first.shape == later.shape
    assert (first != later).any(), "the untrained one's reconstructions"
    assert json.loads((trained / "metrics.json").read_text())["best_metric"] == psnr.metric


def test_the_figure_is_that_of_decoded_latents(trained: Path, digits: Path) -> None:
    codec = build_codec(config_of(trained, "autoencoder"), (1, 8, 8), trained)
    images = torch.from_numpy(load_split(digits, "holdout").images).permute(0, 3, 1, 2)
    error = (codec.decode(codec.encode(images)).float() - images).square().mean((1, 2, 3))
    expected = (20 * np.log10(255) - 10 * error.log10()).mean()
    found = read_judgement(trained / "judgement").figures["reconstruction_psnr"].value
    assert found == pytest.approx(float(expected), abs=0.02)


def test_latents_that_are_drawn_have_mean_0_and_deviation_1(
    trained: Path, digits: Path, tmp_path: Path
) -> None:
    inputs = {"data": digits, "autoencoder": trained}
    encode({"kind": "autoencoder"}, inputs, tmp_path, Runtime(accelerator="cpu"))
    codec: Any = build_codec(config_of(trained, "autoencoder"), (1, 8, 8), trained)
    found = load_encoded(tmp_path, codec.shape)
    images = torch.from_numpy(load_split(digits, "train").images).permute(0, 3, 1, 2)
    assert len(found) == len(images)
    index = torch.tensor([5, 0, 700])
    moments = torch.stack(codec.moments(images[index]), 1)
    torch.testing.assert_close(found[index].float(), moments, rtol=1e-3, atol=1e-3)
    x0 = drawn(0, 3, found[torch.arange(len(found))])
    assert float(x0.mean()) == pytest.approx(0, abs=0.02)
    assert float(x0.std()) == pytest.approx(1, abs=0.02)
    assert torch.equal(x0, drawn(0, 3, found[torch.arange(len(found))]))
    assert not torch.equal(x0, drawn(0, 4, found[torch.arange(len(found))]))
    with pytest.raises(AlphabarError, match=r"no latents of \(4, 8, 8\)"):
        load_encoded(tmp_path, (4, 8, 8))


def test_mirrored_images_have_latents_of_their_own_where_the_data_says_so(
    trained: Path, digits: Path, tmp_path: Path
) -> None:
    data = Path(shutil.copytree(digits, tmp_path / "data"))
    info = json.loads((data / "dataset.json").read_text())
    (data / "dataset.json").write_text(json.dumps(info | {"flip": True}))
    inputs = {"data": data, "autoencoder": trained}
    encode({"kind": "autoencoder"}, inputs, tmp_path, Runtime(accelerator="cpu"))
    codec: Any = build_codec(config_of(trained, "autoencoder"), (1, 8, 8), trained)
    found, index = load_encoded(tmp_path, codec.shape, MIRRORED), torch.tensor([5, 0, 700])
    images = torch.from_numpy(load_split(digits, "train").images[index]).permute(0, 3, 1, 2)
    moments = torch.stack(codec.moments(images.flip(3)), 1)
    torch.testing.assert_close(found[index].float(), moments, rtol=1e-3, atol=1e-3)


def test_a_run_that_is_stopped_ends_with_the_weights_of_an_undisturbed_one(
    digits: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = run(tmp_path / "whole", digits, tmp_path / "whole-scratch", evaluate_every=0)
    stopped = tmp_path / "scratch"
    loss = ReconstructionLoss.__call__

    def stop(self: ReconstructionLoss, *given: Any) -> torch.Tensor:
        if given[2] == 9:
            raise KeyboardInterrupt
        return loss(self, *given)

    with monkeypatch.context() as patch:
        patch.setattr(ReconstructionLoss, "__call__", stop)
        with pytest.raises((KeyboardInterrupt, SystemExit)):
            run(tmp_path / "first", digits, stopped, evaluate_every=0)
    again = run(tmp_path / "again", digits, stopped, evaluate_every=0)
    name = "diffusion_pytorch_model.safetensors"
    assert (again / name).read_bytes() == (whole / name).read_bytes()
    assert (again / "config.json").read_bytes() == (whole / "config.json").read_bytes()


def test_a_trained_one_is_taken_over_and_judged(
    trained: Path, digits: Path, tmp_path: Path
) -> None:
    theirs: Any = AutoencoderKL.from_pretrained(trained, local_files_only=True)
    theirs.save_pretrained(tmp_path / "vae")
    (tmp_path / "vae" / "LICENSE").write_text("MIT")
    codec = CodecSpec(pretrained="vae")
    assert codec.kind == "autoencoder"
    spec = {
        "codec": codec.model_dump(mode="json"),
        "judge": {"extractor": "efficientnet_lite0"},
    }
    out = tmp_path / "out"
    out.mkdir()
    autoencoder(spec, {"data": digits, "pretrained": tmp_path / "vae"}, out, Runtime())
    name = "reconstruction_psnr"
    ours, before = (read_judgement(each / "judgement").figures[name] for each in (out, trained))
    assert ours.value == before.value
    assert config_of(out, "autoencoder") == config_of(trained, "autoencoder")
    assert [each.words for each in licences_in(out)] == ["weights (vae): MIT."]
    assert licences_in(trained) == []


def test_one_that_decodes_to_no_number_is_not_taken_over(
    trained: Path, digits: Path, tmp_path: Path
) -> None:
    theirs: Any = AutoencoderKL.from_pretrained(trained, local_files_only=True)
    theirs.decoder.conv_out.weight.data.fill_(3e38)  # each a number, their sum none
    theirs.save_pretrained(tmp_path / "vae")
    spec = {
        "codec": CodecSpec(pretrained="vae").model_dump(mode="json"),
        "judge": {"extractor": "efficientnet_lite0"},
    }
    (tmp_path / "out").mkdir()
    inputs = {"data": digits, "pretrained": tmp_path / "vae"}
    with pytest.raises(AlphabarError, match="images are not finite"):
        autoencoder(spec, inputs, tmp_path / "out", Runtime())


def test_images_that_cannot_be_halved_so_often_are_refused(digits: Path, tmp_path: Path) -> None:
    with pytest.raises(AlphabarError, match="`data.size: 8` cannot be divided by 16"):
        run(tmp_path / "out", digits, downsample=16)


def test_the_perceptual_distance_grows_with_blur_and_moves_images() -> None:
    generator = torch.Generator().manual_seed(0)
    images = torch.rand(4, 1, 16, 16, generator=generator) * 2 - 1
    distance = PerceptualDistance()
    near, far = images + 0.05, torch.zeros_like(images).requires_grad_()
    assert float(distance(images, images)) == 0
    assert float(distance(near, images)) < float(distance(far, images))
    distance(far, images).backward()
    assert far.grad is not None
    assert float(far.grad.abs().max()) > 0
    assert not list(distance.parameters()), "it has no weights that training could move"


def test_parts_of_a_step_say_together_what_the_whole_says() -> None:
    codec = CodecSpec(kind="autoencoder", width=8, perceptual=0.0, kl=0.1)
    loss = ReconstructionLoss(codec, PerceptualDistance())
    network = new_autoencoder(codec, 1)
    images = torch.randn(5, 1, 8, 8, generator=torch.Generator().manual_seed(0)).clamp(-1, 1)
    given: tuple[Any, ...] = (network, network, 7, images, {})
    with torch.no_grad():
        first, second = loss(*given, slice(0, 2)), loss(*given, slice(2, 5))
        torch.testing.assert_close(0.4 * first + 0.6 * second, loss(*given), rtol=1e-4, atol=1e-6)
    assert abs(first - second) > 1e-4
