"""Training from a directory's network, and what is published of it."""

from pathlib import Path
from typing import Any

import pytest
import torch

from components.errors import AlphabarError
from components.licences import licences_in, publish_licences
from components.networks.checkpoint import load_checkpoint
from components.networks.codecs.autoencoder_files import read_pretrained, write_autoencoder
from components.networks.pipeline import read_denoiser
from components.runtime import Runtime
from components.spec.catalogue.entries import Licence
from components.spec.licences import Licensed
from components.spec.pipelines.folder import read_pipeline
from components.spec.sections.training import TrainingSpec
from components.training.train import train
from tests.tiny_pipelines import write_sd1
from tests.tiny_text_encoders import tiny_clip


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return write_sd1(tmp_path / "sd1", grey=True)


def trained(directory: Path, digits: Path, lr: float, **sections: Any) -> Path:
    """A folder as the stage `train` leaves it."""
    out, vae = directory.parent / "out", directory.parent / "vae"
    out.mkdir()
    write_autoencoder(vae, read_pretrained(directory, 1))
    training = {"steps": 2, "batch_size": 4, "lr": lr, "ema": 0.0, "evaluate_every": 0}
    spec = {
        "codec": {"kind": "autoencoder"},
        "conditioning": {"encoder": f"pipeline:{directory}"},
        "network": {"kind": "diffusers", "pretrained": str(directory)},
        "process": read_pipeline(directory).scheduler.process.model_dump(mode="json"),
        "training": TrainingSpec.model_validate(training).model_dump(mode="json"),
    }
    inputs = {"data": digits, "autoencoder": vae, "network": directory}
    train(spec | sections, inputs, out, Runtime(accelerator="cpu"))
    return out


def test_training_starts_from_the_directorys_weights_and_changes_them(
    directory: Path, digits: Path
) -> None:
    before = read_denoiser(read_pipeline(directory)).state_dict()
    after = load_checkpoint(trained(directory, digits, lr=1e-4)).network.state_dict()
    changes = [float((after[name] - before[name]).abs().max()) for name in before]
    assert 0 < max(changes) < 1e-3


def test_what_is_published_is_rebuilt_without_the_directorys_network(
    directory: Path, digits: Path
) -> None:
    out = trained(directory, digits, lr=1e-4)
    (directory / "unet" / "diffusion_pytorch_model.safetensors").write_bytes(b"")
    model = load_checkpoint(out)
    assert model.config.network.model == "UNet2DConditionModel"
    assert model.config.network.pretrained is None
    assert model.config.process.steps_offset == 1
    assert all(not weights.is_meta for weights in model.network.state_dict().values())
    rows = model.conditioner.encode([-1], ["a red cat"])
    x = torch.zeros(1, *model.codec.shape)
    assert model.predict(x, torch.tensor([0.5]), rows).shape == x.shape


def test_the_terms_of_the_weights_that_it_began_with_are_published(
    directory: Path, digits: Path
) -> None:
    (directory / "README.md").write_text("---\nlicense: creativeml-openrail-m\n---\n")
    clip = tiny_clip(directory.parent / "clip")
    (clip / "LICENSE").write_text("MIT\n")
    of_vae = Licensed("weights (vae)", Licence("Apache 2.0"))
    (directory.parent / "vae").mkdir()
    publish_licences(directory.parent / "vae", [of_vae])
    out = trained(directory, digits, lr=1e-4, conditioning={"encoder": f"clip:{clip}"})
    assert [each.words for each in licences_in(out)] == [
        "weights (sd1): creativeml-openrail-m.",
        "weights (clip): MIT.",
        "weights (vae): Apache 2.0.",
    ]


@pytest.mark.parametrize(
    ("sections", "said"),
    [
        ({"conditioning": {"encoder": "minilm"}}, "text states of width 16, and is given .* 384"),
        ({"conditioning": {"encoder": "none"}}, "width 16, and is given text states of width no"),
    ],
)
def test_what_does_not_fit_the_network_is_refused(
    directory: Path, digits: Path, sections: dict[str, Any], said: str
) -> None:
    with pytest.raises(AlphabarError, match=said):
        trained(directory, digits, lr=1e-4, **sections)
