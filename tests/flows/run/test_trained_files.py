"""What others have trained and cannot serve is refused when the plan is made."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image

from components.errors import AlphabarError
from components.spec.loading import parse_experiment
from components.spec.plan import Plan
from flows.run.outside import plan_here
from flows.workspace import Workspace
from tests.tiny_pipelines import write_sd1

CONFIG, WEIGHTS = "config.json", "diffusion_pytorch_model.safetensors"


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pipeline for images of RGB, whose VAE halves them once."""
    return write_sd1(tmp_path_factory.mktemp("trained") / "sd1")


@pytest.fixture
def vae(trained: Path, tmp_path: Path) -> Path:
    home = tmp_path / "vae"
    home.mkdir()
    for name in (CONFIG, WEIGHTS):
        (home / name).write_bytes((trained / "vae" / name).read_bytes())
    return home


def planned(root: Path, vae: Path, data: dict[str, Any], **values: Any) -> Plan:
    """The plan before any data is fetched."""
    whole = {"name": "x", "data": data, "codec": {"pretrained": str(vae)}} | values
    whole["evaluation"] = {"classifier": "none"}
    workspace = Workspace(root, root / "artifacts")
    return plan_here(parse_experiment(whole, "the test"), workspace, lambda data: "unknown")


OPENMOJI = {"source": "openmoji", "size": 16}


def test_a_vae_that_fits_is_planned_with(vae: Path, tmp_path: Path) -> None:
    assert planned(tmp_path, vae, OPENMOJI).cells


def cut_short(vae: Path) -> None:
    path = vae / WEIGHTS
    path.write_bytes(path.read_bytes()[:-100])


def changed(**values: Any) -> Callable[[Path], None]:
    def change(vae: Path) -> None:
        path = vae / CONFIG
        path.write_text(json.dumps(json.loads(path.read_text()) | values))

    return change


def pickled(content: object) -> Callable[[Path], None]:
    def change(vae: Path) -> None:
        (vae / WEIGHTS).unlink()
        torch.save(content, vae / "diffusion_pytorch_model.bin")

    return change


class Evil:
    def __reduce__(self) -> tuple[Any, ...]:
        return os.getpid, ()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda vae: (vae / CONFIG).unlink(), r"config\.json does not exist"),
        (lambda vae: (vae / WEIGHTS).unlink(), "has no weights"),
        (cut_short, f"{WEIGHTS} is not a whole file of weights"),
        (changed(_class_name="VQModel"), "holds a `VQModel`"),
        (changed(scaling_factor=0.0), "has the scaling_factor 0.0"),
        (changed(block_out_channels=[8] * 6), "`data.size: 16` cannot be divided by 32"),
        (changed(block_out_channels=8), "are not 1 to 6 numbers"),
        (changed(in_channels=1, out_channels=1), "reads images of 1 channels, the data has 3"),
        (pickled({"w": Evil()}), "needs more than `weights_only`"),
    ],
)
def test_a_vae_that_cannot_serve_is_refused_by_the_plan(
    vae: Path, tmp_path: Path, change: Callable[[Path], None], said: str
) -> None:
    change(vae)
    with pytest.raises(AlphabarError, match=said):
        planned(tmp_path, vae, OPENMOJI)


def test_each_cell_of_a_sweep_must_fit(vae: Path, tmp_path: Path) -> None:
    sweep = {"data.size": [16, 17]}
    with pytest.raises(AlphabarError, match="`data.size: 17` cannot be divided by 2"):
        planned(tmp_path, vae, OPENMOJI, sweep=sweep)


def test_channels_are_known_of_packaged_data_and_of_folders_that_are_there(
    vae: Path, tmp_path: Path
) -> None:
    said = "reads images of 3 channels, the data has 1"
    with pytest.raises(AlphabarError, match=said):
        planned(tmp_path, vae, {"source": "digits", "size": 8})
    own = {"source": "folder", "name": "mine", "size": 8}
    assert planned(tmp_path, vae, own).cells, "nobody has fetched it"
    home = tmp_path / "datasets" / "mine"
    home.mkdir(parents=True)
    (home / "metadata.csv").write_text("file_name,caption\na.png,one\nb.png,two\n")
    for name, mode in (("a.png", "L"), ("b.png", "RGB")):
        Image.new(mode, (8, 8)).save(home / name)
    assert planned(tmp_path, vae, own).cells
    Image.new("L", (8, 8)).save(home / "b.png")
    with pytest.raises(AlphabarError, match=said):
        planned(tmp_path, vae, own)


@pytest.mark.parametrize("key", ["network.pretrained", "conditioning.encoder"])
def test_pickles_that_run_code_are_refused_by_the_plan_wherever_they_lie(
    trained: Path, tmp_path: Path, key: str
) -> None:
    home = write_sd1(tmp_path / "sd1")
    part, name = {
        "network.pretrained": ("unet", "diffusion_pytorch_model"),
        "conditioning.encoder": ("text_encoder", "model"),
    }[key]
    (home / part / f"{name}.safetensors").unlink()
    stem = name if part == "unet" else "pytorch_model"
    torch.save({"w": Evil()}, home / part / f"{stem}.bin")
    section, field = key.split(".")
    values = {section: {field: f"clip:{home}" if part == "text_encoder" else str(home)}}
    with pytest.raises(AlphabarError, match="needs more than `weights_only`"):
        planned(tmp_path, trained / "vae", OPENMOJI, **values)
