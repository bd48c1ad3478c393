"""An adapter's directory is enough to draw with it: its manifest names the base, in the store."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from components.errors import AlphabarError
from components.files.manifest import listed, write_manifest
from components.networks.adapters import Adapter, save_adapter, weights_sha256
from components.networks.checkpoint import load_checkpoint, save_checkpoint
from components.networks.conditioners import CONDITIONERS, Conditioner, Given
from components.spec.model_folder import ADAPTER_FILE
from flows.tools.chosen import Chosen
from flows.tools.exporting import export_model
from flows.tools.merging import merge_model
from flows.tools.sampling import SAMPLE, Request, choose, write_sampled
from flows.workspace import Workspace
from tests.flows.untrained import write_untrained

BASE = "ba5e"


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path, tmp_path / "artifacts", weights=tmp_path / "weights")


@pytest.fixture
def adapter(workspace: Workspace) -> Path:
    """A published adapter that turns its base's last layer off."""
    (workspace.store_root / "train").mkdir(parents=True)
    (base,) = write_untrained(workspace.store_root / "train", BASE)
    folder = workspace.store_root / "finetune" / "ada9"
    folder.mkdir(parents=True)
    name = "unet.conv_out.weight"
    zeros = torch.zeros_like(load_checkpoint(base).network.state_dict()[name])
    said = Adapter("weights", weights_sha256(base))
    save_adapter(folder, load_checkpoint(base), said, {name: zeros})
    files = listed({ADAPTER_FILE: folder / ADAPTER_FILE})
    write_manifest(folder, {"stage": "finetune", "inputs": {"model": BASE}, "files": files})
    return folder


def chosen(model: Path, workspace: Workspace) -> Chosen:
    return choose(SAMPLE, Request(str(model), {"steps": 2}), workspace)


def drawn(model: Path, workspace: Workspace, out: Path) -> np.ndarray:
    write_sampled(chosen(model, workspace), out, 2, [], workspace, lambda *_: None)
    return np.load(out / "images.npy")


def test_an_adapter_alone_is_drawn_with_on_the_base_that_its_manifest_names(
    adapter: Path, workspace: Workspace, tmp_path: Path
) -> None:
    base = workspace.store_root / "train" / BASE
    assert chosen(adapter, workspace).base == base
    assert chosen(base, workspace).base is None
    ours = drawn(adapter, workspace, tmp_path / "ours")
    assert (ours != drawn(base, workspace, tmp_path / "theirs")).any()


def test_an_adapter_whose_base_is_gone_is_refused_with_a_remedy(
    adapter: Path, workspace: Workspace, tmp_path: Path
) -> None:
    alone = shutil.copytree(adapter, tmp_path / "alone", ignore=lambda *_: ["manifest.json"])
    with pytest.raises(AlphabarError, match=r"without the manifest\.json that names its base"):
        chosen(Path(alone), workspace)
    shutil.rmtree(workspace.store_root / "train" / BASE)
    with pytest.raises(AlphabarError, match="is an adapter of a model that is not in") as caught:
        chosen(adapter, workspace)
    assert BASE in caught.value.what
    assert "run the experiment again" in caught.value.remedy


def test_an_adapter_is_exported_and_baked_in_with_its_base(
    adapter: Path, workspace: Workspace, tmp_path: Path
) -> None:
    export_model(chosen(adapter, workspace), tmp_path / "out", workspace)
    merge_model(chosen(adapter, workspace), tmp_path / "merged", workspace)
    ours = drawn(adapter, workspace, tmp_path / "ours")
    assert (ours == drawn(tmp_path / "merged", workspace, tmp_path / "again")).all()
    name = "unet.conv_out.weight"
    assert not load_checkpoint(tmp_path / "out").network.state_dict()[name].any()


def test_another_models_adapter_is_not_put_on(
    adapter: Path, workspace: Workspace, tmp_path: Path
) -> None:
    (other,) = write_untrained(tmp_path, "other")
    base = workspace.store_root / "train" / BASE
    found = choose(SAMPLE, Request(str(base), {"steps": 2}, adapters=[f"{adapter}:0"]), workspace)
    plain = chosen(base, workspace).load().model.network.state_dict()
    same = found.load().model.network.state_dict()
    assert all(torch.equal(same[name], weight) for name, weight in plain.items())
    network = load_checkpoint(other)
    network.network.state_dict()["unet.conv_out.bias"].add_(1)
    save_checkpoint(other, network.config, network.network)
    wrong = choose(SAMPLE, Request(str(other), {"steps": 2}, adapters=[str(adapter)]), workspace)
    with pytest.raises(AlphabarError, match="is an adapter of another model"):
        wrong.load()


def test_encoders_look_for_weights_in_the_users_folder(
    adapter: Path, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Path | None] = []
    made = CONDITIONERS["class"]

    def watched(given: Given) -> Conditioner:
        seen.append(given.weights)
        return made(given)

    monkeypatch.setitem(CONDITIONERS, "class", watched)
    for model in (adapter, workspace.store_root / "train" / BASE):
        seen.clear()
        chosen(model, workspace).load()
        assert workspace.weights in seen


def test_a_word_that_is_no_class_is_refused_by_the_header_alone(
    adapter: Path, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Chosen, "load", lambda _: pytest.fail("loaded"))
    for model in (adapter, workspace.store_root / "train" / BASE):
        with pytest.raises(AlphabarError, match="the model has no class `cta`") as caught:
            chosen(model, workspace).refuse_unasked(["dog", "cta"], "")
        assert caught.value.remedy.startswith("did you mean `cat`?")


def test_images_say_what_drew_them(adapter: Path, workspace: Workspace, tmp_path: Path) -> None:
    drawn(workspace.store_root / "train" / BASE, workspace, tmp_path / "out")
    with Image.open(tmp_path / "out" / "images" / "00001.png") as image:
        about = image.text
    assert about["seed"] == "1"
    assert (about["solver"], about["steps"]) == ("ddim", "2")
    assert about["model"].endswith(BASE)
    assert about["Software"].startswith("alphabar ")
    assert json.loads(about["settings"])["steps"] == 2
    with Image.open(tmp_path / "out" / "sheet.png") as sheet:
        assert sheet.width > 2 * 96
