"""The Python façade: the same values and errors as the commands."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

import alphabar
from alphabar.experiments import Results
from components.figures.figure import Figure
from components.spec import model_config
from flows.cli import app
from tests.flows.untrained import write_untrained

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("models")
    write_untrained(root, "strong", "weak")
    return root


def test_the_version_is_the_installed_package_s() -> None:
    assert alphabar.__version__ == version("alphabar")
    said = CliRunner().invoke(app, ["--version"])
    assert (said.exit_code, said.stdout.strip()) == (0, f"alphabar {version('alphabar')}")
    written = re.findall(r'^version = "(.+)"', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    assert written == [alphabar.__version__]


def test_sampled_images_are_those_of_the_command(models: Path, tmp_path: Path) -> None:
    model = alphabar.load(models / "strong")
    found = alphabar.sample(model, 3, prompts=["dog"], guide=models / "weak", steps=4, seed=5)
    words = ["sample", str(models / "strong"), "--out", str(tmp_path / "out"), "-n", "3", "-q"]
    words += ["-p", "dog", "--guide", str(models / "weak"), "--steps", "4", "--seed", "5"]
    assert CliRunner().invoke(app, words, catch_exceptions=False).exit_code == 0
    assert np.array_equal(found.images, np.load(tmp_path / "out" / "images.npy"))
    figures = json.loads((tmp_path / "out" / "metrics.json").read_text())
    assert found.network_evaluations == figures["network_evaluations"]
    assert "4 steps" in found.words
    assert repr(found) == f"<Sampled: 3 × 4 × 4 × 1, {found.words}>"
    assert found._repr_png_().startswith(b"\x89PNG")


def test_arrays_are_judged(models: Path, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    one, other = (rng.integers(0, 256, (24, 8, 8, 1), dtype=np.uint8) for _ in range(2))
    found = alphabar.evaluate(one, reference=other, size=32, metrics=["fd"], root=tmp_path)
    figure = found["fd_efficientnet_lite0"]
    assert figure.low <= figure.value <= figure.high


def test_wrong_input_is_an_error_with_its_remedy_and_not_the_end(
    models: Path, tmp_path: Path
) -> None:
    with pytest.raises(alphabar.AlphabarError, match="no checkpoint"):
        alphabar.load(tmp_path / "nowhere")
    with pytest.raises(alphabar.AlphabarError, match="no class `cow`"):
        alphabar.sample(models / "strong", 1, prompts=["cow"])
    with pytest.raises(alphabar.AlphabarError, match="did you mean `steps`"):
        alphabar.sample(models / "strong", 1, step=3)
    with pytest.raises(alphabar.AlphabarError, match="does not exist"):
        alphabar.results(tmp_path / "nowhere.yaml")
    with pytest.raises(alphabar.AlphabarError, match="what to compare with"):
        alphabar.evaluate(np.zeros((24, 8, 8, 1), np.uint8))


def test_the_notebook_of_the_readme_runs(
    models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = re.search(
        r"```python\n(import alphabar\n.*?)```", (ROOT / "README.md").read_text(), re.S
    )
    assert code is not None
    monkeypatch.chdir(tmp_path)
    real = np.random.default_rng(0).integers(0, 256, (24, 4, 4, 1), dtype=np.uint8)
    names = {"MODEL": str(models / "strong"), "real": real}
    exec(code[1].replace('"digits@champion"', "MODEL").replace('"7"', '"dog"'), names)
    assert names["images"].images.shape == (24, 4, 4, 1)  # type: ignore[attr-defined]
    assert "fd_efficientnet_lite0" in names["figures"]  # type: ignore[operator]


def test_results_are_said_in_a_line() -> None:
    cells: dict[str, dict[str, Figure]] = {"steps=5": {}, "steps=9": {}}
    found = Results("digits", "fid", "steps=9", cells, {}, {}, None)
    assert repr(found) == "<Results of digits: 2 cells, best steps=9 by fid>"
    assert repr(replace(found, best=None)) == "<Results of digits: 2 cells, no best>"


def test_a_text_is_one_prompt(models: Path) -> None:
    found = alphabar.sample(models / "strong", 2, prompts="dog", steps=2)
    assert (
        found.captions == alphabar.sample(models / "strong", 2, prompts=["dog"], steps=2).captions
    )


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: alphabar.sample("m", "a"), "'a' images cannot be sampled"),  # type: ignore[arg-type]
        (lambda: alphabar.sample("m", 2.5), "2.5 images cannot be sampled"),  # type: ignore[arg-type]
        (lambda: alphabar.sample("m", True), "True images cannot be sampled"),
        (lambda: alphabar.sample("m", 2, prompts=[3]), "prompt 3 is no text"),  # type: ignore[list-item]
        (lambda: alphabar.results(5), "experiment file 5 is no place"),  # type: ignore[arg-type]
        (lambda: alphabar.compare(None, None), "run None is no text"),  # type: ignore[arg-type]
        (lambda: alphabar.load(""), "model '' is no place"),
    ],
)
def test_an_argument_of_a_wrong_type_is_named(call: Callable[[], object], said: str) -> None:
    with pytest.raises(alphabar.AlphabarError) as caught:
        call()
    assert said in caught.value.what


def test_a_model_of_a_newer_version_is_refused_when_it_is_loaded(
    models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model_config, "VERSION", model_config.VERSION - 1)
    with pytest.raises(alphabar.AlphabarError, match="a newer alphabar wrote it"):
        alphabar.load(models / "strong")
