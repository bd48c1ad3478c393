"""`alphabar promote` and `alphabar rollback` as they are typed, on a registry with real models."""

import csv
import json
import os
import re
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from components.errors import AlphabarError
from components.files.manifest import write_manifest
from components.files.new_folder import seal_folder
from components.preference.models import write_models
from components.preference.verdict import read_study
from components.spec.loading import parse_experiment
from components.spec.plan import Plan, plan_baselines
from components.store import describe
from components.tracking import Submitted, connect, load_model_dir, register
from flows.cli import main
from flows.console import Display
from flows.run.recording import Recorder
from flows.run.results import Outcome
from flows.workspace import Workspace
from tests.figures import made
from tests.flows.untrained import write_untrained

FD = "fd_efficientnet_lite0"
STRICT, LOOSE = f"metrics: {{{FD}: {{at_most: 10}}}}", f"metrics: {{{FD}: {{at_most: 1000}}}}"
TRAINED = ("a0" * 32, "b0" * 32)  # the keys of the runs that trained versions 1 and 2
SAMPLING = {"solver": "ddim", "steps": 50, "guidance": 2.0}
PREFERENCE = "preference: {win_rate_above: 0.5}"
Command = Callable[..., tuple[int, str, str]]


def record(value: float) -> dict[str, Any]:
    return made.record(value, 5.0)


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with two registered models: version 1 is champion, version 2 like it in FD."""
    root = tmp_path_factory.mktemp("registry")
    tracker = connect(None, root)
    models = write_untrained(root, "model-0", "model-1")
    for seed, (trained, value) in enumerate(zip(models, (150.0, 148.0), strict=True)):
        (trained / "metrics.json").write_text(json.dumps({"metrics": {FD: record(value)}}))
        run = tracker.sweep("animals", f"key{seed}", {}, {})
        model = Submitted(trained, trained, FD, SAMPLING, {"alphabar.stage_key": TRAINED[seed]})
        register(tracker, "animals", run, f"key{seed}", model)
    return root


@pytest.fixture
def place(registry: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder: a registry of its own, with the same artifacts by hard links."""
    shutil.copytree(registry / "mlruns", tmp_path / "mlruns", copy_function=os.link)
    database = tmp_path / "mlruns" / "mlflow.db"
    database.unlink()
    shutil.copy(registry / "mlruns" / "mlflow.db", database)
    connect(None, tmp_path)  # its records move into this folder when it is opened
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def command(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Command:
    """Types a command; its exit code, stdout and stderr."""

    def run(*words: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["alphabar", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        assert "Traceback" not in said.err
        return int(ended.value.code or 0), said.out, said.err

    return run


def champion(place: Path) -> str:
    aliases = connect(None, place).client.get_registered_model("animals").aliases
    return str(aliases["champion"])


def gates(place: Path, text: str) -> Path:
    path = place / "gates.yaml"
    path.write_text(text)
    return path


def contents(place: Path) -> dict[str, bytes]:
    """Every file but the lock under which any command opens the store."""
    files = (path for path in sorted(place.rglob("*")) if path.is_file())
    return {str(path): path.read_bytes() for path in files if path.suffix != ".lock"}


def test_accepted_is_0_and_champion_rejected_is_1_and_not(place: Path, command: Command) -> None:
    code, out, _ = command("promote", "animals", "--gate", gates(place, STRICT))
    assert (code, champion(place)) == (1, "1")
    assert "148.0 [143.0, 153.0]" in out
    assert "not at most 10" in out
    assert "version 2 does not become champion" in out
    code, out, _ = command("promote", "animals", "--gate", gates(place, LOOSE))
    assert (code, champion(place)) == (0, "2")
    assert "version 2 is now champion" in out
    code, out, _ = command("promote", "animals", "--gate", gates(place, LOOSE))
    assert (code, champion(place)) == (0, "2")
    assert "is champion already" in out


def test_a_dry_run_prints_the_table_and_writes_nothing(place: Path, command: Command) -> None:
    before = contents(place)
    for text, wanted, said in ((LOOSE, 0, "would be champion"), (STRICT, 1, "does not become")):
        path = gates(place, text)
        code, out, _ = command("promote", "animals", "--gate", path, "--dry-run")
        path.unlink()
        assert code == wanted
        assert said in out
        assert "nothing is written" in out
        assert "148.0 [143.0, 153.0]" in out
        assert contents(place) == before


def test_a_version_can_be_named_by_its_number(place: Path, command: Command) -> None:
    path = gates(place, LOOSE)
    code, out, _ = command("promote", "animals", "--gate", path, "--version", 1)
    assert code == 0
    assert "version 1 is champion already" in out
    assert "dry run" not in out
    code, out, _ = command("promote", "animals", "--gate", path, "--version", 1, "--dry-run")
    assert code == 0
    assert "version 1 is champion already (dry run: nothing is written)" in out
    assert out.startswith(
        "animals version 1 is champion already, and there was none before it: it passes the gate"
    )
    assert "there was no champion" not in out
    code, _, err = command("promote", "animals", "--gate", path, "--version", 7)
    assert code == 2
    assert "candidate, champion, 1, 2" in err


@pytest.mark.parametrize(
    ("text", "named"),
    [
        (f"metrics: {{{FD}: {{at_mots: 1}}}}", ["gates.yaml", f"metrics.{FD}.at_mots", "at_most"]),
        ("metrics: {fdd_efficientnet_lite0: {at_most: 1}}", ["gates.yaml", f"`{FD}`"]),
        ("metrics: !!python/object/apply:os.system [ls]", ["gates.yaml", "not valid YAML"]),
    ],
)
def test_a_wrong_gate_file_is_refused(
    place: Path, command: Command, text: str, named: list[str]
) -> None:
    path = gates(place, text)
    before = contents(place)
    code, _, err = command("promote", "animals", "--gate", path)
    assert code == 2
    assert "remedy: " in err
    assert all(part in err for part in named)
    assert contents(place) == before


def test_a_metric_that_was_not_measured_rejects_and_says_so(place: Path, command: Command) -> None:
    path = gates(place, "metrics: {recall_dinov2: {at_least: 0.1}}")
    code, out, _ = command("promote", "animals", "--gate", path)
    assert code == 1
    assert "no recall_dinov2 in its record" in out


@pytest.mark.parametrize("words", [("promote", "--gate", "gates.yaml"), ("rollback",)])
def test_a_model_that_is_not_there_is_named_with_those_that_are(
    place: Path, command: Command, words: tuple[str, ...]
) -> None:
    gates(place, LOOSE)
    code, _, err = command(words[0], "animal", *words[1:])
    assert code == 2
    assert "did you mean `animals`? models there: animals" in err, "which the command takes"
    code, _, err = command(words[0], "animals@candidate", *words[1:])
    assert code == 2
    assert "give animals" in err


def test_a_rollback_where_nobody_is_champion_says_so(place: Path, command: Command) -> None:
    tracker = connect(None, place)
    tracker.client.delete_registered_model_alias("animals", "champion")
    code, _, err = command("rollback", "animals")
    assert code == 2
    assert "animals has no champion" in err
    assert "alphabar promote animals" in err


def test_figures_have_the_digits_that_their_interval_supports(
    place: Path, command: Command
) -> None:
    _, out, _ = command("promote", "animals", "--gate", gates(place, LOOSE), "--dry-run")
    assert not re.search(r"\d\.\d{4}", out)


def test_where_nothing_is_registered_nothing_is_made(place: Path, command: Command) -> None:
    shutil.rmtree(place / "mlruns")
    code, _, err = command("rollback", "animals")
    assert code == 2
    assert "nothing is registered here" in err
    assert not (place / "mlruns").exists()


@pytest.fixture
def study(place: Path) -> Path:
    """A study of version 1 against version 2, as if that were its fine-tune.

    Five people answered the 30 pairs, each 24 times for the fine-tuned model.
    """
    folder = place / "study"
    (folder / "results").mkdir(parents=True)
    write(
        folder / "key.csv",
        [{"pair": k, "left": "finetuned", "right": "baseline"} for k in range(30)],
    )
    for i, name in enumerate(("anna", "ben", "cleo", "dan", "eve")):
        rows = [
            {"pair": k, "choice": "right" if k // 6 == i else "left", "annotator": name}
            | {"seconds": 3 + i}
            for k in range(30)
        ]
        write(folder / "results" / f"{name}.csv", rows)
    name_models(folder, *TRAINED)
    return folder


def name_models(
    study: Path, baseline: str, finetuned: str, sampling: dict[str, Any] = SAMPLING
) -> None:
    """What the study stage writes of published samples."""
    sides = {
        name: {"sample": "c" * 64, "model": key, "sampling": sampling}
        for name, key in (("baseline", baseline), ("finetuned", finetuned))
    }
    (study / "models.json").write_text(json.dumps(sides))


def write(path: Path, rows: list[dict[str, Any]]) -> None:
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def test_the_win_rate_of_a_study_is_a_condition(place: Path, command: Command, study: Path) -> None:
    path = gates(place, PREFERENCE)
    words = ("promote", "animals", "--gate", path, "--dry-run")
    assert command(*words)[0] == 1
    for folder in (study, study / "results"):
        code, out, _ = command(*words, "--study", folder)
        assert code == 0
        assert "0.8 [0.614, 0.986]" in out  # 0.3 / 5, one undecided person, is all its deviation
        assert "150 choices" in out
    gates(place, PREFERENCE.replace("0.5", "0.63"))
    assert command(*words, "--study", study)[0] == 1
    for name in ("ben", "cleo", "dan", "eve"):
        (study / "results" / f"{name}.csv").unlink()
    gates(place, PREFERENCE)
    code, out, _ = command(*words, "--study", study)
    assert code == 1
    assert "no interval: one person preferred either model" in " ".join(out.split())
    (study / "results" / "anna.csv").unlink()
    code, _, err = command(*words, "--study", study)
    assert code == 2
    assert "no answers" in err


def test_the_model_that_lost_a_study_gets_the_rate_that_it_lost_with(
    place: Path, command: Command, study: Path
) -> None:
    words = ("promote", "animals", "--gate", gates(place, PREFERENCE), "--study", study)
    code, out, _ = command(*words, "--version", 1, "--dry-run")
    assert code == 1
    assert "0.2 [0.0138, 0.386]" in out
    assert "the study's baseline" in out
    code, out, _ = command(*words, "--version", "candidate")
    assert (code, champion(place)) == (0, "2")
    assert "the study's fine-tuned model" in out


@pytest.mark.parametrize(
    ("baseline", "finetuned", "sampling", "said"),
    [
        ("c0" * 32, "d0" * 32, SAMPLING, "neither of the two models"),
        (*TRAINED, {**SAMPLING, "guidance": 4.0}, "neither of the two models"),
        (TRAINED[1], TRAINED[1], SAMPLING, "both models"),
    ],
)
def test_a_study_of_other_models_is_refused(
    place: Path,
    command: Command,
    study: Path,
    baseline: str,
    finetuned: str,
    sampling: dict[str, Any],
    said: str,
) -> None:
    path = gates(place, PREFERENCE)
    name_models(study, baseline, finetuned, sampling)
    before = contents(place)
    code, _, err = command("promote", "animals", "--gate", path, "--study", study)
    assert code == 2
    assert said in err
    assert "remedy: " in err
    assert contents(place) == before


def test_a_study_that_does_not_say_what_it_compares_is_refused(
    place: Path, command: Command, study: Path
) -> None:
    words = ("promote", "animals", "--gate", gates(place, PREFERENCE), "--study", study)
    (study / "models.json").write_text('{"baseline": null, "finetuned": null}')
    code, _, err = command(*words)
    assert code == 2
    assert "not recorded" in err
    (study / "models.json").unlink()
    code, _, err = command(*words)
    assert code == 2
    assert "run the experiment again" in err


def test_a_version_that_does_not_say_what_trained_it_has_no_study(
    place: Path, command: Command, study: Path
) -> None:
    client = connect(None, place).client
    client.delete_model_version_tag("animals", "2", "alphabar.stage_key")
    words = ("promote", "animals", "--gate", gates(place, PREFERENCE), "--study", study)
    code, _, err = command(*words)
    assert code == 2
    assert "alphabar.stage_key" in err


def test_the_run_s_own_study_is_about_the_version_that_it_registers(
    place: Path, registry: Path, study: Path
) -> None:
    """The plan's own nodes, the store's own manifest, and the recorder's own tags."""
    workspace, plan = Workspace(place, place / "artifacts"), winner(10, "gates.yaml")
    gates(place, LOOSE)
    publish(plan, workspace, registry / "model-0")
    best = plan.cells[0]
    sampled = workspace.store.path(best.sample)
    sampled.mkdir(parents=True)
    write_manifest(sampled, describe(best.sample, sampled))
    write_models({"baseline": sampled, "finetuned": registry}, study)
    with Recorder.connected(plan, workspace, Display(quiet=True)) as recorder:
        recorder.finish(Outcome(plan, best, None, registry / "model-0", {}, 0, 0))
    tags = connect(None, place).client.get_model_version("animals", "3").tags
    rate = read_study(study, "animals version 3", tags)
    assert (rate.side, rate.value) == ("baseline", pytest.approx(0.2))


def test_a_study_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(AlphabarError, match=f"the study {tmp_path / 'no'} has no .*key.csv"):
        read_study(tmp_path / "no", "animals version 3", {})


def test_the_only_champion_is_not_told_to_roll_back(place: Path, command: Command) -> None:
    words = ("promote", "animals", "--gate", gates(place, STRICT), "--version", "champion")
    code, out, _ = command(*words)
    assert code == 1
    assert "rollback" not in out
    assert "there is none before it" in out
    assert command("promote", "animals", "--gate", gates(place, LOOSE))[0] == 0
    gates(place, STRICT)
    code, out, _ = command(*words)
    assert code == 1
    assert "`alphabar rollback animals` makes version 1 champion again" in out


def test_the_model_that_comes_back_makes_the_same_images(
    place: Path, command: Command, registry: Path
) -> None:
    sampled: dict[str, bytes] = {}

    def images(model: object, out: str) -> bytes:
        code, _, err = command("sample", model, "--out", out, "-n", 4, "--steps", 3, "-q")
        assert code == 0, err
        return (place / out / "images.npy").read_bytes()

    sampled = {str(k + 1): images(registry / f"model-{k}", f"trained-{k}") for k in range(2)}
    assert sampled["1"] != sampled["2"]
    assert images("animals@champion", "first") == sampled["1"]
    assert command("promote", "animals", "--gate", gates(place, LOOSE))[0] == 0
    assert images("animals@champion", "promoted") == sampled["2"]
    code, out, _ = command("rollback", "animals")
    assert code == 0
    assert "version 1 is champion again, version 2 no longer" in out
    assert images("animals@champion", "restored") == sampled["1"]
    found = load_model_dir(connect(None, place), "animals", "champion")
    assert (found / "model.safetensors").read_bytes() == (
        registry / "model-0" / "model.safetensors"
    ).read_bytes()
    code, _, err = command("rollback", "animals")
    assert code == 2
    assert "none before it" in err
    assert np.load(place / "restored" / "images.npy").shape == (4, 4, 4, 1)


@pytest.mark.parametrize(
    ("text", "named"),
    [(None, "does not exist"), ("metrics: {}", "asks for nothing"), ("metrics: [", "not valid")],
)
@pytest.mark.parametrize("words", [("run",), ("plan",), ("schedule", "--cron", "0 2 * * *")])
def test_an_experiment_with_a_wrong_gate_is_refused_before_anything_starts(
    place: Path, command: Command, text: str | None, named: str, words: tuple[str, ...]
) -> None:
    if text is not None:
        gates(place, text)
    registry = "registry: {model: animals, gate: gates.yaml}"
    file = place / "experiment.yaml"
    file.write_text(f"name: animals\ndata: {{source: digits}}\n{registry}\n")
    before = contents(place)
    code, _, err = command(words[0], file, *words[1:])
    assert code == 2
    assert f"{place / 'gates.yaml'}" in err
    assert named in err
    assert contents(place) == before


def test_the_gate_of_an_experiment_decides_who_of_its_winners_is_champion(
    place: Path, registry: Path
) -> None:
    """The figures are the champion's own: by the present rule none of the three would win."""
    workspace = Workspace(place, place / "artifacts")
    said = []
    for steps, text, number in ((10, STRICT, "1"), (20, LOOSE, "4"), (30, None, "4")):
        plan = winner(steps, "gates.yaml" if text else None)
        publish(plan, workspace, registry / "model-0")
        gates(place, text or STRICT)
        with Recorder.connected(plan, workspace, Display(quiet=True)) as recorder:
            recorder.finish(Outcome(plan, plan.cells[0], None, registry / "model-0", {}, 0, 0))
        assert champion(place) == number
        said.append(str(recorder.registered))
    assert "version 3, candidate: " in said[0]
    assert "not at most 10" in said[0]
    assert "version 4, candidate and champion: " in said[1]
    assert "version 5, candidate: not better" in said[2]


def test_the_gate_is_in_no_key(place: Path) -> None:
    without, with_gate = winner(10, None), winner(10, "gates.yaml")
    keys = [[node.key for node in plan.nodes()] for plan in (without, with_gate)]
    assert keys[0] == keys[1]
    assert without.sweep_key == with_gate.sweep_key


def test_a_run_whose_gate_is_gone_ends_before_anything_is_recorded(place: Path) -> None:
    before = contents(place)
    workspace, plan = Workspace(place, place / "artifacts"), winner(10, "gone.yaml")
    with (
        pytest.raises(AlphabarError, match=r"gone\.yaml does not exist"),
        Recorder.connected(plan, workspace, Display(quiet=True)),
    ):
        pass
    assert contents(place) == before


def winner(steps: int, gate: str | None) -> Plan:
    """The plan of an experiment of one cell that registers it as `animals`."""
    values = {"name": "animals", "data": {"source": "digits"}, "training": {"steps": steps}}
    registry = {"registry": {"model": "animals", "gate": gate}}
    return plan_baselines(parse_experiment(values | registry, "the experiment"), lambda data: "abc")


def publish(plan: Plan, workspace: Workspace, made: Path) -> None:
    """Put the files of ``made`` where the plan's stages would."""
    cell = plan.cells[0]
    for node in (cell.train, cell.evaluate):
        place = shutil.copytree(made, workspace.store.path(node))
        seal_folder(place, {"key": node.key})
