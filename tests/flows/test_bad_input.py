"""Bad input at the command line: one message with the remedy, exit code 2, nothing half-written."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.flows.project import Project
from tests.tiny_pipelines import write_sd1
from tests.tiny_text_encoders import tiny_clip


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, fetched: Path, migrated: Path) -> Project:
    """A project that the tests of this file share: no refusal may change it."""
    return Project.create(tmp_path_factory.mktemp("place"), fetched, migrated)


def contents(root: Path) -> set[str]:
    """All that is in a project, without the Prefect server's own files."""
    paths = (path.relative_to(root) for path in root.rglob("*"))
    return {str(p) for p in paths if p.parts[0] not in (".prefect", "experiment.yaml")}


def refused(project: Project, *words: object, **environment: str) -> str:
    """Run a command that must be refused; its message."""
    return refusal(project, project.alphabar_here, *words, **environment)


def refused_by_a_process(project: Project, *words: object, **environment: str) -> str:
    """The same in a process of its own, as a user runs it."""
    return refusal(project, project.alphabar, *words, **environment)


def refusal(
    project: Project,
    run: Callable[..., subprocess.CompletedProcess[str]],
    *words: object,
    **environment: str,
) -> str:
    """What ``run`` says of the command, which must change nothing."""
    before = contents(project.root)
    result = run(*words, **environment)
    message = result.stderr
    assert result.returncode == 2, (result.returncode, result.stdout, message)
    assert "Traceback" not in message
    assert message.count("error: ") == 1
    assert "remedy: " in message
    assert contents(project.root) == before
    return message


@pytest.mark.parametrize("command", ["plan", "run"])
def test_a_text_encoder_that_is_not_whole_is_refused_before_anything_starts(
    place: Project, shrunk: dict[str, Any], tmp_path: Path, command: str
) -> None:
    home = tiny_clip(tmp_path / "clip")
    (home / "merges.txt").unlink()
    values = shrunk | {"evaluation": shrunk["evaluation"] | {"classifier": "none"}}
    place.write(values | {"conditioning": {"encoder": f"clip:{home}"}})
    message = refused(place, command, "experiment.yaml")
    assert "has an encoder, and no tokenizer" in message
    place.write(values | {"conditioning": {"encoder": "clip:no/where"}})
    assert "there is no text encoder `clip:no/where`" in refused(place, command, "experiment.yaml")


@pytest.mark.parametrize(
    "words", [("plan", "e.yaml"), ("run", "e.yaml"), ("stage", "prepare", "--params", "e.yaml")]
)
def test_a_vae_that_cannot_serve_is_refused_before_anything_starts(
    place: Project, shrunk: dict[str, Any], tmp_path: Path, words: tuple[str, ...]
) -> None:
    home = write_sd1(tmp_path / "sd1")
    values = {key: value for key, value in shrunk.items() if key not in ("sweep", "also")}
    values["codec"] = {"pretrained": str(home)}
    experiment = place.write(values, "e.yaml")
    message = refused(place, *words)
    assert "reads images of 3 channels, the data has 1" in message
    (path,) = (home / "vae").glob("*.safetensors")
    path.write_bytes(path.read_bytes()[:-100])
    assert f"{path.name} is not a whole file of weights" in refused(place, *words)
    experiment.unlink()


@pytest.mark.parametrize(
    ("section", "values", "named"),
    [
        ("trainig", {"steps": 3}, ["experiment.yaml", "`trainig`", "`training`"]),
        ("training", {"steps": "many"}, ["`training.steps: 'many'`"]),
        ("training", {"lr": -1.0}, ["`training.lr: -1.0`", "greater than 0"]),
        ("process", {"schedule": "quadratic"}, ["`process.schedule: quadratic`", "linear, cosine"]),
        ("sweep", {"process.schedules": ["linear"]}, ["`process.schedules`"]),
        ("network", {"channels": [8, 8, 8, 8, 8]}, ["cannot be halved"]),
    ],
)
@pytest.mark.parametrize("command", ["plan", "run"])
def test_a_wrong_experiment_is_refused_before_anything_starts(
    place: Project,
    shrunk: dict[str, Any],
    command: str,
    section: str,
    values: Any,
    named: list[str],
) -> None:
    place.write(shrunk | {section: values})
    message = refused(place, command, "experiment.yaml")
    for text in named:
        assert text in message


def test_a_missing_experiment_file_is_named(place: Project) -> None:
    assert "nowhere.yaml does not exist" in refused_by_a_process(place, "run", "nowhere.yaml")


def test_data_that_was_not_fetched_is_refused(tmp_path: Path, shrunk: dict[str, Any]) -> None:
    empty = Project(tmp_path)
    shutil.copy(Path(__file__).parents[2] / "data.dvc", tmp_path)
    empty.write(shrunk)
    assert "alphabar data fetch" in refused(empty, "run", "experiment.yaml")


@pytest.mark.parametrize("command", [("run", "experiment.yaml"), ("data", "fetch")])
def test_a_changed_byte_is_refused_by_the_name_of_its_file(
    place: Project, shrunk: dict[str, Any], command: tuple[str, ...]
) -> None:
    place.write(shrunk)
    victim = sorted((place.root / "data" / "digits" / "regular").glob("*.png"))[7]
    whole = victim.read_bytes()
    try:
        victim.write_bytes(whole[:-20] + bytes([whole[-20] ^ 1]) + whole[-19:])
        assert f"digits/regular/{victim.name}" in refused(place, *command)
        victim.unlink()
        if command[0] == "run":
            assert f"digits/regular/{victim.name}" in refused(place, *command)
    finally:
        victim.write_bytes(whole)


def test_mlflow_out_of_reach_is_refused_before_any_stage_runs(
    place: Project, shrunk: dict[str, Any]
) -> None:
    place.write(shrunk)
    address = "http://127.0.0.1:9"
    message = refused_by_a_process(place, "run", "experiment.yaml", MLFLOW_TRACKING_URI=address)
    assert address in message
    assert "MLFLOW_TRACKING_URI" in message
    place.alphabar_here("down")


def test_a_prefect_server_out_of_reach_is_refused(place: Project, shrunk: dict[str, Any]) -> None:
    place.write(shrunk)
    address = "http://127.0.0.1:9/api"
    assert address in refused(place, "run", "experiment.yaml", PREFECT_API_URL=address)


@pytest.mark.parametrize("model", ["nowhere", "digits@champion"])
def test_a_missing_checkpoint_is_named(place: Project, model: str) -> None:
    place.alphabar_here("sample", model, "--out", "x")  # the first makes MLflow's database
    message = refused(place, "sample", model, "--out", "x")
    assert model in message


def test_a_broken_checkpoint_is_named(place: Project, tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"\x10\x00\x00\x00\x00\x00\x00\x00{}")
    assert "not a whole alphabar checkpoint" in refused(place, "sample", tmp_path, "--out", "x")


def folder(root: Path, header: str, rows: list[str]) -> Path:
    root.mkdir()
    for k in range(3):
        pixels = np.random.default_rng(k).integers(0, 255, (16, 16, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(root / f"{k}.png")
    (root / "metadata.csv").write_text("\n".join([header, *rows]) + "\n")
    return root


ROWS = ["0.png,a cat", "1.png,a dog", "2.png,a cow"]


@pytest.fixture(scope="module")
def dvc_project(tmp_path_factory: pytest.TempPathFactory, fetched: Path) -> Project:
    """One under git and DVC: no refusal may change it either."""
    project = Project.create(tmp_path_factory.mktemp("versioned"), fetched)
    for command in (["git", "init", "-q"], ["python", "-m", "dvc", "init", "-q"]):
        program = [str(Path(project.command()[0]).with_name(command[0]))]
        program = program if command[0] != "git" else ["git"]
        subprocess.run([*program, *command[1:]], cwd=project.root, check=True, capture_output=True)
    return project


def test_a_users_folder_is_checked_and_put_under_dvc(dvc_project: Project, tmp_path: Path) -> None:
    mine = folder(tmp_path / "mine", "file_name,caption", ROWS)
    result = dvc_project.alphabar_here("data", "add", mine, "--name", "whole")
    assert result.returncode == 0, result.stderr
    assert (dvc_project.root / "datasets" / "whole.dvc").is_file()
    assert (dvc_project.root / "datasets" / "whole" / "2.png").is_file()
    dvc_project.write({"name": "m", "data": {"source": "folder", "name": "whole", "size": 16}})
    plan = dvc_project.alphabar_here("plan", "experiment.yaml")
    assert plan.returncode == 0, plan.stderr
    assert "note:" not in plan.stdout
    assert "datasets/whole" in refused(dvc_project, "data", "add", mine, "--name", "whole")


@pytest.mark.parametrize(
    ("header", "rows", "named"),
    [
        ("file_name,text", ROWS, ["caption", "text"]),
        ("file_name,caption", [*ROWS, "3.png,a hen"], ["3.png"]),
        ("file_name,caption", [*ROWS, "../../etc/passwd,a secret"], ["../../etc/passwd"]),
    ],
)
def test_a_faulty_folder_is_refused_by_name(
    dvc_project: Project, tmp_path: Path, header: str, rows: list[str], named: list[str]
) -> None:
    mine = folder(tmp_path / "mine", header, rows)
    message = refused(dvc_project, "data", "add", mine, "--name", "mine")
    for text in named:
        assert text in message


def test_a_corrupt_image_is_refused_by_name(dvc_project: Project, tmp_path: Path) -> None:
    mine = folder(tmp_path / "mine", "file_name,caption", ROWS)
    (mine / "1.png").write_bytes((mine / "1.png").read_bytes()[:60])
    assert "1.png" in refused(dvc_project, "data", "add", mine, "--name", "mine")


def test_answers_without_their_study_are_refused(place: Project) -> None:
    assert "no study nowhere" in refused(place, "study", "import", "nowhere", "answers.csv")
    assert "no study nowhere" in refused(place, "study", "analyze", "nowhere")


@pytest.mark.parametrize("cron", ["every day", "61 * * * *", "* * *"])
def test_a_faulty_cron_expression_is_refused(
    place: Project, shrunk: dict[str, Any], cron: str
) -> None:
    place.write(shrunk)
    assert cron in refused(place, "schedule", "experiment.yaml", "--cron", cron)


def test_every_command_has_help_with_an_example(place: Project) -> None:
    commands = ["run", "plan", "verify", "data fetch", "data add", "sample", "evaluate", "compare"]
    commands += ["export", "schedule", "up", "down", "study export", "study import", "stage"]
    commands += ["study plan", "study analyze"]
    for command in commands:
        result = place.alphabar_here(*command.split(), "--help")
        assert result.returncode == 0, command
        assert f"alphabar {command}" in result.stdout.split("Example:")[1], command


@pytest.mark.parametrize("words", [("plan", "experiment.yaml"), ("run", "experiment.yaml")])
def test_a_file_in_the_place_of_the_store_is_named_before_anything_starts(
    place: Project, shrunk: dict[str, Any], tmp_path: Path, words: tuple[str, ...]
) -> None:
    place.write(shrunk)
    (tmp_path / "file").write_text("")
    for store in (tmp_path / "file", tmp_path / "file" / "below"):
        message = refused(place, *words, "--store", store)
        assert f"the store {store} cannot be a folder: {tmp_path / 'file'} is a file" in message
