"""`alphabar promote` and `alphabar rollback` as they are typed, on a registry with real models."""

import json
import os
import re
import shutil
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from components.errors import AlphabarError
from components.files.manifest import read_manifest, write_manifest
from components.files.new_folder import seal_folder
from components.preference.answers.exclusions import exclude, take_back
from components.preference.answers.imported import import_answers
from components.preference.design.key import Item
from components.preference.statistics.win_rate import win_rate
from components.preference.verdict import read_study
from components.spec.keys import digest
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
from tests.preference.studies import answered, build, for_model, leaning

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
    return make_study(place / "study", *TRAINED)


def make_study(
    folder: Path,
    baseline: str,
    finetuned: str,
    sampling: dict[str, Any] = SAMPLING,
    *,
    people: int = 5,
    simulated: bool = False,
) -> Path:
    """The folder of a study of two trainings, answered by ``people`` of five."""
    known = {
        name: {"sample": "c" * 64, "model": key, "sampling": sampling}
        for name, key in (("baseline", baseline), ("finetuned", finetuned))
    }
    models = ("baseline", "finetuned")
    made = build(folder, models, pairs=30, people=5, raters=5, simulated=simulated, known=known)

    def says(item: Item, question: str, slot: int) -> str:
        lost = question == "prompt" or int(item.pair) // 6 == slot
        return for_model("baseline" if lost else "finetuned")(item, question, slot)

    files = answered(made, folder.parent / "files", says, range(people))
    import_answers(folder, files, made.key)
    return folder


def test_the_win_rate_of_a_study_is_a_condition(place: Path, command: Command, study: Path) -> None:
    path = gates(place, PREFERENCE)
    words = ("promote", "animals", "--gate", path, "--dry-run")
    assert command(*words)[0] == 1
    (place / "reports" / "studies").mkdir(parents=True)
    (place / "reports" / "studies" / "foxes").symlink_to(study)
    for folder in (study, "study", "foxes"):
        code, out, _ = command(*words, "--study", folder)
        assert code == 0
        assert "0.8 [0.614, 0.986]" in out  # 0.3 / 5, one undecided person, is all its deviation
        assert "(quality), of 150 choices" in " ".join(out.split())
    gates(place, PREFERENCE.replace("0.5", "0.63"))
    assert command(*words, "--study", study)[0] == 1
    gates(place, "preference: {win_rate_above: 0.5, question: prompt}")
    code, out, _ = command(*words, "--study", study)
    assert code == 1
    assert "(prompt)" in out
    gates(place, "preference: {win_rate_above: 0.5, question: taste}")
    code, _, err = command(*words, "--study", study)
    assert code == 2
    assert "does not ask `taste`" in err


def test_an_exclusion_changes_what_the_gate_reads(
    place: Path, command: Command, study: Path
) -> None:
    words = ("promote", "animals", "--gate", gates(place, PREFERENCE), "--dry-run")
    for name in range(1, 5):
        exclude(study, "annotator", f"person-{name}", "asleep", "by hand", datetime.now(UTC))
    code, out, _ = command(*words, "--study", study)
    assert code == 1
    assert "no interval: one person preferred either model" in " ".join(out.split())
    for name in range(1, 5):
        take_back(study, "annotator", f"person-{name}", datetime.now(UTC))
    assert command(*words, "--study", study)[0] == 0


def test_a_study_by_simulated_annotators_passes_only_where_the_gate_allows_it(
    place: Path, command: Command
) -> None:
    words = ("promote", "animals", "--gate", gates(place, PREFERENCE), "--dry-run", "--study")
    study = make_study(place / "simulated", *TRAINED, simulated=True)
    code, out, _ = command(*words, study)
    assert code == 1
    assert "simulated annotators answered the study" in " ".join(out.split())
    gates(place, "preference: {win_rate_above: 0.5, allow_simulated: true}")
    code, out, _ = command(*words, study)
    assert code == 0
    assert "by simulated annotators" in " ".join(out.split())


def test_a_study_before_its_end_passes_by_the_always_valid_interval_alone(
    place: Path, command: Command
) -> None:
    words = ("promote", "animals", "--gate", gates(place, PREFERENCE), "--dry-run", "--study")
    study = make_study(place / "early", *TRAINED, people=4)
    code, out, _ = command(*words, study)
    assert code == 1
    assert "30 answers before its planned end" in " ".join(out.split())
    assert "[0, 1]" in out


def test_a_study_without_answers_or_of_single_images_is_refused(
    place: Path, command: Command, study: Path
) -> None:
    words = ("promote", "animals", "--gate", gates(place, PREFERENCE), "--study")
    shutil.rmtree(study / "answers")
    code, _, err = command(*words, study)
    assert code == 2
    assert "has no answers" in err
    build(place / "single", kind="realism")
    code, _, err = command(*words, place / "single")
    assert code == 2
    assert "asks about single images" in err
    code, _, err = command(*words, "nowhere")
    assert code == 2
    assert "there is no study nowhere" in err


def test_the_baseline_of_several_candidates_has_no_one_win_rate(place: Path) -> None:
    known = {
        name: {"sample": None, "model": key, "sampling": SAMPLING}
        for name, key in (("old", TRAINED[0]), ("new", TRAINED[1]), ("other", "e0" * 32))
    }
    made = build(place / "three", tuple(known), pairs=30, people=6, raters=3, known=known)
    files = answered(made, place / "files", leaning("new", 3))
    import_answers(made.folder, files, made.key)
    tags = {"alphabar.stage_key": TRAINED[1], "alphabar.sampling": digest(SAMPLING)}
    rate = read_study(made.folder, "animals version 2", tags)
    assert (rate.model, rate.against, rate.missing) == ("new", "old", 0)
    own = import_answers(made.folder, [], made.key).counted.of_question("quality")
    found = win_rate(own, own.model("new"), own.model("old"), draws=0)
    assert found.crossed
    assert (rate.value, rate.low, rate.high) == (
        found.value,
        found.crossed.low,
        found.crossed.high,
    )
    tags["alphabar.stage_key"] = TRAINED[0]
    with pytest.raises(AlphabarError, match="2 candidates, so it has no one win rate"):
        read_study(made.folder, "animals version 1", tags)


def test_the_model_that_lost_a_study_gets_the_rate_that_it_lost_with(
    place: Path, command: Command, study: Path
) -> None:
    words = ("promote", "animals", "--gate", gates(place, PREFERENCE), "--study", study)
    code, out, _ = command(*words, "--version", 1, "--dry-run")
    assert code == 1
    assert "0.2 [0.0138, 0.386]" in out
    assert "of baseline over finetuned" in " ".join(out.split())
    code, out, _ = command(*words, "--version", "candidate")
    assert (code, champion(place)) == (0, "2")
    assert "of finetuned over baseline" in " ".join(out.split())


@pytest.mark.parametrize(
    ("baseline", "finetuned", "sampling", "said"),
    [
        ("c0" * 32, "d0" * 32, SAMPLING, "no model of"),
        (*TRAINED, {**SAMPLING, "guidance": 4.0}, "no model of"),
        (TRAINED[1], TRAINED[1], SAMPLING, "both models"),
    ],
)
def test_a_study_of_other_models_is_refused(
    place: Path,
    command: Command,
    baseline: str,
    finetuned: str,
    sampling: dict[str, Any],
    said: str,
) -> None:
    path = gates(place, PREFERENCE)
    study = make_study(place / "study", baseline, finetuned, sampling)
    before = contents(place)
    code, _, err = command("promote", "animals", "--gate", path, "--study", study)
    assert code == 2
    assert said in err
    assert "remedy: " in err
    assert contents(place) == before


def test_a_study_that_does_not_say_what_it_compares_is_refused(
    place: Path, command: Command
) -> None:
    made = build(place / "study")
    words = ("promote", "animals", "--gate", gates(place, PREFERENCE), "--study", made.folder)
    code, _, err = command(*words)
    assert code == 2
    assert "not recorded" in err


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
    place: Path, registry: Path
) -> None:
    """The plan's own nodes, the store's own manifest, and the recorder's own tags."""
    workspace, plan = Workspace(place, place / "artifacts"), winner(10, "gates.yaml")
    gates(place, LOOSE)
    publish(plan, workspace, registry / "model-0")
    best = plan.cells[0]
    sampled = workspace.store.path(best.sample)
    sampled.mkdir(parents=True)
    write_manifest(sampled, describe(best.sample, sampled))
    manifest = read_manifest(sampled)
    study = make_study(
        place / "study", manifest["inputs"]["model"], "f0" * 32, manifest["spec"]["sampling"]
    )
    with Recorder.connected(plan, workspace, Display(quiet=True)) as recorder:
        recorder.finish(Outcome(plan, best, None, registry / "model-0", {}, 0, 0))
    tags = connect(None, place).client.get_model_version("animals", "3").tags
    rate = read_study(study, "animals version 3", tags)
    assert (rate.model, rate.value) == ("baseline", pytest.approx(0.2))


def test_an_analysis_writes_its_rates_to_the_versions_that_the_study_is_about(
    place: Path, command: Command, study: Path
) -> None:
    code, out, err = command("study", "analyze", study, "--draws", 100)
    assert code == 0, err
    assert "in MLflow on animals version 1, animals version 2" in " ".join(out.split())
    client = connect(None, place).client
    tags = client.get_model_version("animals", "2").tags
    assert tags["study.foxes.quality.win_rate"] == "0.8"
    assert tags["study.foxes.simulated"] == "false"
    shutil.rmtree(place / "mlruns")
    code, out, _ = command("study", "analyze", study, "--draws", 100)
    assert code == 0
    assert "nothing is recorded in MLflow here" in out
    assert not (place / "mlruns").exists()


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


def test_a_study_without_its_manifest_decides_nothing(place: Path, command: Command) -> None:
    words = ("promote", "animals", "--gate", gates(place, PREFERENCE), "--dry-run", "--study")
    study = make_study(place / "bare", *TRAINED)
    (study / "manifest.json").unlink()
    code, _, err = command(*words, study)
    assert code == 2
    assert "has no manifest.json" in " ".join(err.split())
