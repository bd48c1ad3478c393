"""Registered models are sampled from with the settings, and the guide, that they bring along."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from components.errors import AlphabarError
from components.spec.model_folder import own_guide, own_sampling
from components.spec.sections.sampling import SamplingSpec
from components.tracking import Submitted, connect, register
from flows.cli import app
from flows.console import Display
from flows.tools.against import AgainstFolder
from flows.tools.images_to_judge import images_of
from flows.tools.sampling import Request
from flows.workspace import Workspace
from tests.figures.made import record, write_record
from tests.flows.untrained import write_untrained

FD = "fd_efficientnet_lite0"
SAMPLING = SamplingSpec(
    solver="heun", churn=5.0, steps=3, guidance=3.0, guide="weaker", ema_length=0.1, seed=9
)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with strong/, weak/ and, in the registry, the strong one guided by the weak."""
    root = tmp_path_factory.mktemp("registered")
    write_untrained(root, "strong", "weak")
    write_record(root, {"metrics": {FD: record(9.0, 1.0)}})
    tracker = connect(None, root)
    settings = SAMPLING.model_dump(mode="json")
    model = Submitted(root / "strong", root, FD, settings, guide=root / "weak")
    register(tracker, "animals", tracker.sweep("animals", "key", {}, {}), "key", model)
    return root


@pytest.fixture
def here(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The project as the current folder; a new folder to draw into."""
    monkeypatch.chdir(root)
    return tmp_path


def sampled(model: str, out: Path, *options: str) -> tuple[np.ndarray, float]:
    """Four images, and how many network evaluations each took."""
    words = ["sample", model, "--out", str(out), "-n", "4", "-q", *options]
    result = CliRunner().invoke(app, words, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    figures = json.loads((out / "metrics.json").read_text())
    return np.load(out / "images.npy"), figures["network_evaluations"]


def test_a_registered_model_is_drawn_from_as_it_was_registered(here: Path) -> None:
    ours, cost = sampled("animals@champion", here / "ours")
    words = ["--solver", "heun", "--set", "churn=5", "--steps", "3", "--guidance", "3"]
    words += ["--seed", "9"]
    by_hand, _ = sampled("strong", here / "by-hand", *words, "--guide", "weak")
    np.testing.assert_array_equal(ours, by_hand)
    assert cost == 2 * (2 * 3 - 1)  # Heun's second look is left out of the last step
    unguided, _ = sampled("strong", here / "unguided", *words)
    assert (ours != unguided).any()


def test_an_option_changes_one_registered_setting_and_what_belongs_to_it(here: Path) -> None:
    ours, cost = sampled("animals@champion", here / "ours", "--solver", "ddim")
    words = ("--steps", "3", "--guidance", "3", "--seed", "9")
    by_hand, _ = sampled("strong", here / "by-hand", *words, "--guide", "weak")
    np.testing.assert_array_equal(ours, by_hand)
    assert cost == 6
    own, _ = sampled("animals@champion", here / "own")
    for number, options in enumerate((["--set", "guide=unconditional"], ["--guide", "strong"])):
        other, _ = sampled("animals@champion", here / f"other-{number}", *options)
        assert (other != own).any()


def test_images_to_be_judged_are_drawn_as_they_were_registered(here: Path, root: Path) -> None:
    ours, _ = sampled("animals@champion", here / "ours")
    workspace = Workspace.here()
    with Display(quiet=True) as display:
        against = AgainstFolder.of(None, None, {"clip": "none"}, workspace, display)
        beside = (None, 4, against, workspace, display)
        with images_of(Request("animals@champion"), *beside) as folder:
            np.testing.assert_array_equal(np.load(folder / "images.npy"), ours)
        with images_of(Request("strong"), *beside) as folder:
            assert json.loads((folder / "metrics.json").read_text())["network_evaluations"] == 50


@pytest.fixture
def copy(root: Path, tmp_path: Path) -> Path:
    """A registered model's directory whose files may be broken."""
    return shutil.copytree(root / "strong", tmp_path / "copy")


def test_a_directory_without_settings_brings_none(copy: Path) -> None:
    assert own_sampling(copy) == {}
    assert own_guide(copy) is None
    (copy / "guide").mkdir()
    assert own_guide(copy) is None


@pytest.mark.parametrize("content", ["{", "[1]", "\x00"])
def test_broken_settings_are_named(copy: Path, content: str) -> None:
    (copy / "sampling.json").write_text(content)
    with pytest.raises(AlphabarError, match=r"sampling\.json"):
        own_sampling(copy)


def test_a_guide_that_is_gone_is_asked_for(copy: Path, tmp_path: Path) -> None:
    (copy / "sampling.json").write_text(json.dumps(SAMPLING.model_dump(mode="json")))
    with pytest.raises(AlphabarError, match="no guide model"):
        sampled(str(copy), tmp_path / "out")
    assert not (tmp_path / "out").exists()
