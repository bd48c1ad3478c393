"""The Python façade: the same values and errors as the commands."""

import inspect
import json
import multiprocessing
import re
from collections.abc import Callable
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

import alphabar
from alphabar import arguments
from alphabar.changed import changed
from alphabar.experiments import Cell, Results
from alphabar.figures import Figures
from alphabar.place import experiment_file, workspace_at
from components.figures.judgement import Judgement
from components.spec import model_config
from flows.cli import app
from flows.cli.options import MOST_IMAGES
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
    again = model.sample(["dog"], 3, 5, guide=models / "weak", steps=4)
    assert np.array_equal(again.images, found.images)
    shown = found._repr_html_()
    assert "3 images of " in shown
    assert "network evaluations an image" in shown
    assert "data:image/png;base64," in shown
    assert "<script" not in shown


def test_arrays_are_judged(models: Path, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    one, other = (rng.integers(0, 256, (24, 8, 8, 1), dtype=np.uint8) for _ in range(2))
    found = alphabar.evaluate(one, reference=other, size=32, metrics=["fd"], root=tmp_path)
    figure = found["fd_efficientnet_lite0"]
    assert figure.low <= figure.value <= figure.high
    assert figure.short() in str(found)
    assert figure.interval() in found._repr_html_()
    (row,) = found.frame().to_dict("records")
    assert (row["metric"], row["value"], row["low"]) == (figure.metric, figure.value, figure.low)


def test_files_are_judged_as_the_command_judges_their_folder(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        for k in range(24):
            pixels = rng.integers(0, 256, (8, 8), dtype=np.uint8)
            Image.fromarray(pixels).save(tmp_path / name / f"{k:02d}.png")
    files = sorted((tmp_path / "one").glob("*.png"))
    found = alphabar.evaluate(files, tmp_path / "other", size=32, metrics=["fd"])
    words = ["evaluate", str(tmp_path / "one"), "--reference", str(tmp_path / "other"), "--json"]
    words += ["--size", "32", "--metric", "fd"]
    said = CliRunner().invoke(app, words, catch_exceptions=False)
    assert said.exit_code == 0
    figure = json.loads(said.stdout)["figures"]["fd_efficientnet_lite0"]
    ours = found["fd_efficientnet_lite0"]
    assert (figure["value"], figure["low"], figure["high"]) == (ours.value, ours.low, ours.high)
    with pytest.raises(alphabar.AlphabarError, match="no image"):
        alphabar.evaluate([tmp_path / "one" / "nowhere.png"], tmp_path / "other")


def test_pictures_in_a_list_are_judged_as_their_array_is(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    one, other = (rng.integers(0, 256, (24, 8, 8), dtype=np.uint8) for _ in range(2))
    settings = {"size": 32, "metrics": ["fd"], "root": tmp_path}
    pictures = [Image.fromarray(each) for each in one]
    listed = alphabar.evaluate(pictures, other, **settings)["fd_efficientnet_lite0"]
    array = alphabar.evaluate(one[..., None], other[..., None], **settings)
    assert listed.value == array["fd_efficientnet_lite0"].value
    with pytest.raises(KeyError, match="no figure is called fd: choose from fd_efficientnet_lite0"):
        array["fd"]
    for wrong, said in (
        (3, "3 is no images"),
        ([], "what is given is empty"),
        ([pictures[0], Image.new("L", (9, 9))], "is no list of images"),
    ):
        with pytest.raises(alphabar.AlphabarError, match=said):
            alphabar.evaluate(wrong, other)  # type: ignore[arg-type]


def test_prompts_that_are_given_and_none_are_refused(models: Path) -> None:
    with pytest.raises(alphabar.AlphabarError, match="list of prompts is empty"):
        alphabar.load(models / "strong").sample([])
    found = alphabar.load(models / "strong").sample(n=2, steps=2, progress=None)
    assert [picture.size for picture in found] == [(4, 4), (4, 4)]


def test_a_model_is_found_by_the_beginning_of_its_key(tmp_path: Path) -> None:
    (tmp_path / "artifacts" / "train").mkdir(parents=True)
    write_untrained(tmp_path / "artifacts" / "train", "abcdef01", "abcdef02")
    assert alphabar.load("abcdef01", root=tmp_path).directory.name == "abcdef01"
    with pytest.raises(alphabar.AlphabarError, match="keys of 2 models begin with abcdef"):
        alphabar.load("abcdef", root=tmp_path)
    with pytest.raises(alphabar.AlphabarError, match="no checkpoint"):
        alphabar.load("abcdef03", root=tmp_path)


def test_a_changed_experiment_takes_nobody_elses_name() -> None:
    file = ROOT / "experiments" / "digits.yaml"
    plain = changed(file, {})
    sections = changed(file, {"training": {"steps": 77}})
    dotted = changed(file, {"training.steps": 77})
    assert plain.name == "digits" != sections.name
    assert sections.training == dotted.training
    assert sections.training.steps == 77
    assert sections.training.batch_size == plain.training.batch_size, "the others stay"
    assert changed(file, {"training.steps": 78}).name != dotted.name
    assert changed(file, {"name": "mine", "training.steps": 77}).name == "mine"
    with pytest.raises(alphabar.AlphabarError, match=r"with training.*did you mean.*|stepz"):
        changed(file, {"training": {"stepz": 1}})
    with pytest.raises(alphabar.AlphabarError, match="leads through `name`"):
        changed(file, {"name.first": 1})


def test_what_is_swept_is_changed_by_its_whole_path() -> None:
    file = ROOT / "experiments" / "digits.yaml"
    swept = changed(file, {"sweep": {"sampling.guidance": [1, 3]}}).sweep
    assert swept == {"process.schedule": ["linear", "cosine"], "sampling.guidance": [1, 3]}


def test_values_are_those_of_yaml_or_refused() -> None:
    file = ROOT / "experiments" / "digits.yaml"
    whole = changed(file, {"training": {"steps": 77}})
    assert changed(file, {"training": {"steps": np.int64(77)}}) == whole
    two = np.array([1, 2])
    assert changed(file, {"sweep": {"sampling.guidance": two}}).sweep["sampling.guidance"] == [1, 2]
    endless: dict[str, object] = {}
    endless["steps"] = endless
    for wrong in (object(), float("nan"), b"7", endless):
        with pytest.raises(alphabar.AlphabarError, match="is no value of an experiment file"):
            changed(file, {"training": {"steps": wrong}})


def test_a_script_without_its_guard_is_told_so_in_the_process_that_reads_it_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    process = multiprocessing.current_process()
    monkeypatch.setattr(process, "_inheriting", True, raising=False)
    with pytest.raises(alphabar.AlphabarError, match="where it is imported") as caught:
        alphabar.run("digits")
    assert "__main__" in caught.value.remedy


def test_a_model_is_called_by_its_name_in_errors(models: Path) -> None:
    model = replace(alphabar.load(models / "strong"), name="mine@champion")
    with pytest.raises(alphabar.AlphabarError) as caught:
        model.sample(steps=0)
    assert str(models) not in caught.value.what
    assert "the arguments of `sample`" in caught.value.what


def test_an_experiment_is_found_by_its_name(tmp_path: Path) -> None:
    (tmp_path / "experiments").mkdir()
    (tmp_path / "experiments" / "a.yaml").write_text("name: first\ndata: {}\n")
    (tmp_path / "b.yaml").write_text("name: second\ndata: {}\n")
    (tmp_path / "broken.yaml").write_text(":\n- x: [")
    place = workspace_at(tmp_path)
    assert experiment_file("second", place).name == "b.yaml"
    with pytest.raises(alphabar.AlphabarError, match="no experiment is called frist") as caught:
        experiment_file("frist", place)
    assert caught.value.remedy == "did you mean first?"
    (tmp_path / "c.yaml").write_text("name: second\ndata: {}\n")
    with pytest.raises(alphabar.AlphabarError, match="several experiments are called second"):
        experiment_file("second", place)


def test_one_call_draws_as_many_images_as_one_command() -> None:
    assert arguments.MOST_IMAGES == MOST_IMAGES


def test_every_public_name_is_typed_and_has_an_example() -> None:
    functions = [getattr(alphabar, n) for n in alphabar.__all__ if n not in ("plot", "__version__")]
    functions += [alphabar.plot.tradeoff, alphabar.plot.ranking, alphabar.Model.sample]
    for each in filter(inspect.isfunction, functions):
        assert ">>> " in (each.__doc__ or ""), each
        hints = inspect.signature(each)
        assert hints.return_annotation is not inspect.Signature.empty, each


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


def test_results_are_said_in_a_line() -> None:
    nothing = Figures("nothing", "", Judgement({}), {})
    cell = Cell(nothing, Path(), Path(), {})
    found = Results("digits", "fid", "steps=9", {"steps=5": cell, "steps=9": cell}, None)
    assert repr(found) == "<Results of digits: 2 cells, best steps=9 by fid>"
    assert repr(replace(found, best=None)) == "<Results of digits: 2 cells, no best>"
    for wrong in ("steps=6", 99, []):
        with pytest.raises(alphabar.AlphabarError, match="digits has no evaluated cell "):
            found.load(wrong)  # type: ignore[arg-type]


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
        (lambda: alphabar.load("m", root=3), "root 3 is no place"),  # type: ignore[arg-type]
        (lambda: alphabar.sample("m", 10**12), "1000000000000 images are too many"),
        (lambda: alphabar.evaluate("m", n="x"), "'x' images cannot be sampled"),  # type: ignore[arg-type]
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
