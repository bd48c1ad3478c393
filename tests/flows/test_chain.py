"""The whole chain as a user runs it, and what it leaves behind."""

import csv
import doctest
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import alphabar
from alphabar import experiments, judging, models, plot
from components.preference.about import KEY
from components.preference.answers.imported import import_answers
from components.preference.answers.row import SIGNED
from components.preference.design.key import read_key
from components.spec.loading import load_experiment
from components.tracking.connection import connect
from flows.run.finished import finished_outcome
from flows.run.outside import plan_here
from flows.servers.prefect_client import prefect_client
from flows.servers.prefect_server import api_url, find_prefect_server
from flows.workspace import Workspace
from tests.flows.project import Project

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]
Finished = tuple[Project, str]
CELLS = {
    "schedule=linear",
    "schedule=cosine",
    "solver=ddpm,steps=12",
}


def test_the_run_prints_every_cell_and_the_paths_to_look_at(finished: Finished) -> None:
    project, printed = finished
    for text in (*CELLS, "real images (floor)", "kind=full", "kind=lora", "baseline", "best"):
        assert text in printed
    report = project.root / "reports" / "digits"
    for path in (report / "index.html", report.parent / "studies" / "digits" / "annotator-01.html"):
        assert str(path if path.parent == report else path.parent) in printed
        assert path.is_file()


def test_the_report_holds_the_fine_tunes_against_each_other_and_against_the_base(
    finished: Finished,
) -> None:
    report = finished[0].root / "reports" / "digits"
    page = (report / "index.html").read_text()
    section = page[page.index('id="fine-tune"') : page.index('id="training"')]
    for text in ("What it costs the base", "feature drift", "kind=full", "kind=lora"):
        assert text in section
    assert "Of 2 fine-tunes, kind=" in section
    with (report / "results.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if "kind=" in row["name"]]
    distance = {r["name"]: float(r["value"]) for r in rows if r["metric"].startswith("fd_")}
    best = min(distance, key=lambda name: distance[name]).partition(" ")[0]
    assert f"Of 2 fine-tunes, {best} has the best" in section
    assert f"finetune {best}" in finished[1]


def test_the_facade_gives_what_the_run_found(finished: Finished) -> None:
    root = finished[0].root
    found = alphabar.experiment(root / "experiment.yaml", root=root)
    assert set(found.cells) == CELLS
    assert found.best in CELLS
    assert found.report == root / "reports" / "digits"
    table = found.frame()
    ranked = table[(table.name == found.best) & (table.metric == found.metric)]
    assert ranked.value.item() == found.cells[found.best].figures[found.metric].value
    names = [f"digits/{cell}" for cell in sorted(CELLS)]
    both = alphabar.compare(*names, out=root / "two", root=root)
    assert set(both[both.metric == found.metric].name) >= set(names)
    assert alphabar.load("digits@champion", root=root).sampling.steps > 0


RERUN = """
import sys
from flows.cli import main
sys.argv = ["alphabar", "run", "experiment.yaml"]
try:
    main()
finally:
    print("imported", *sorted(sys.modules), file=sys.stderr)
"""


def test_a_second_run_shows_the_results_and_starts_nothing(finished: Finished) -> None:
    project, printed = finished
    before = project.published()
    result = subprocess.run(
        [sys.executable, "-c", RERUN], cwd=project.root, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    table = printed.partition("stages ")[0]
    assert result.stdout.startswith(table + "stages   0 run")
    assert project.published() == before
    word, *imported = result.stderr.split()
    assert word == "imported", "nothing else is said"
    heavy = {"prefect", "mlflow", "torch", "pandas", "sqlalchemy", "flows.servers.processes"}
    assert heavy & set(imported) == set()


def test_a_record_that_was_deleted_in_mlflow_is_made_again_by_a_full_run(
    finished: Finished,
) -> None:
    project, _ = finished
    workspace = Workspace.here(root=project.root)
    plan = plan_here(load_experiment(project.root / "experiment.yaml"), workspace)
    assert finished_outcome(plan, workspace) is not None
    tracker = connect(None, project.root)
    sweep = tracker.sweep("digits", plan.sweep_key, {}, {})
    tracker.client.delete_run(sweep)
    assert finished_outcome(plan, workspace) is None
    tracker.client.restore_run(sweep)
    page = project.root / "reports" / "digits" / "index.html"
    page.parent.rename(page.parent.with_name("elsewhere"))
    assert finished_outcome(plan, workspace) is not None
    assert page.is_file(), "the report is put in its place again"
    workspace.store.path(plan.cells[0].evaluate).rename(project.root / "evaluation")
    assert finished_outcome(plan, workspace) is None
    (project.root / "evaluation").rename(workspace.store.path(plan.cells[0].evaluate))


def test_prefect_shows_one_flow_run_whose_tasks_are_named_after_the_stages(
    finished: Finished,
) -> None:
    root = finished[0].root
    server = find_prefect_server(root)
    assert server is not None
    with prefect_client(api_url(server), root) as client:
        (run,) = client.read_flow_runs()
        tasks = client.read_task_runs()
        said = [line.message for line in client.read_logs(limit=200)]
        (shown,) = [each for each in client.read_artifacts() if each.key == "results-digits"]
    assert re.fullmatch(r"digits 20\d\d-\d\d-\d\d \d\d:\d\d", run.name)
    assert run.state_name == "Completed"
    assert run.parameters["experiment"]["sweep"] == {
        "process.schedule": ["linear", "cosine"],
        "finetune.kind": ["full", "lora"],
    }
    by_name = {task.name: task for task in tasks}
    expected = {"prepare", "train-schedule=linear", "finetune-kind=lora", "report", "study"}
    assert expected < set(by_name)
    for name, task in by_name.items():
        assert name.startswith(task.task_key.rpartition("-")[0]), "the task is the stage"
        assert task.state_name == "Completed"
        assert {"name", "key", "spec", "inputs"} <= set(task.task_inputs)
    read = {source.id for source in by_name["report"].task_inputs["wait_for"]}
    assert {by_name["finetune-kind=lora"].id, by_name["evaluate-schedule=linear"].id} < read
    page = str(root / "reports" / "digits" / "index.html")
    for line in finished[1].splitlines():
        if line.startswith(("best ", "finetune ", "report ", "registry ")):
            assert line in said, "the log has what the terminal shows"
    assert any(re.match(r"train-schedule=linear: done in .* s, .*loss", line) for line in said)
    assert any("Fréchet" in line and "schedule=cosine" in line for line in said)
    assert shown.flow_run_id == run.id
    for words in ("| schedule=linear |", "Best: **", "data:image/jpeg;base64,", page):
        assert words in str(shown.data)


def test_nothing_is_left_in_the_working_folder_of_the_store(finished: Finished) -> None:
    project, _ = finished
    assert list((project.root / "artifacts" / ".work").iterdir()) == []


def test_the_report_has_what_a_reader_looks_for(finished: Finished) -> None:
    project, _ = finished
    report = project.root / "reports" / "digits"
    page = (report / "index.html").read_text()
    for text in (*CELLS, "floor", "SVC", "../studies/digits/"):
        assert text in page
    with (report / "results.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert {"fd_efficientnet_lite0", "kd_efficientnet_lite0", "clip_score_domain"} <= {
        row["metric"] for row in rows
    }
    for row in rows:
        assert float(row["low"]) <= float(row["value"]) <= float(row["high"])
        assert row["data_hash"].endswith(".dir")


def test_the_study_pairs_the_same_prompts_and_keeps_its_key_apart(finished: Finished) -> None:
    study = finished[0].root / "reports" / "studies" / "digits"
    key = read_key(study / KEY)
    assert len(key.pairs) == 6
    assert all(set(about.files) == {"baseline", "finetuned"} for about in key.pairs.values())
    assert all(about.seed is not None for about in key.pairs.values())
    for path in [*study.glob("annotator-*.html"), *study.glob("*.csv")]:
        assert "finetuned" not in path.read_text()


def test_answers_to_the_study_are_unblinded(finished: Finished) -> None:
    project, _ = finished
    study = project.root / "reports" / "studies" / "digits"
    key = read_key(study / KEY)
    asked = [(item, each) for item, each in key.items.items() if each.slot == 0]
    lines = [
        f"{key.study},{item},{question},{'left' if each.left == 'finetuned' else 'right'},me,1,1"
        for item, each in asked
        for question in key.questions
    ]
    answers = project.root / "answers.csv"
    answers.write_text("\n".join([",".join(SIGNED), *lines]) + "\n")
    found = import_answers(study, [answers], key)
    assert found.refused == ()
    assert len(found.kept) == len(asked) * len(key.questions)


def test_every_command_with_a_table_answers_a_program_in_full(finished: Finished) -> None:
    project, printed = finished

    def answer(*words: object, code: int = 0) -> dict[str, Any]:
        done = project.alphabar_here(*words, "--json")
        assert done.returncode == code, done.stderr
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    run = answer("run", "experiment.yaml")
    assert f"best     {run['best']}" in printed
    sets = {each["name"]: each for each in run["sets"]}
    assert set(sets) > CELLS
    for figure in (f for each in run["sets"] for f in each["figures"].values()):
        assert figure["low"] <= figure["value"] <= figure["high"]
    best = sets[run["best"]]["figures"][run["metric"]]
    with (project.root / "reports" / "digits" / "results.csv").open() as file:
        rows = [r for r in csv.DictReader(file) if r["name"] == run["best"]]
    assert [float(r["value"]) for r in rows if r["metric"] == run["metric"]] == [best["value"]]
    planned = answer("plan", "experiment.yaml")
    assert {stage["published"] for stage in planned["stages"]} == {True}
    assert {stage["stage"] for stage in planned["stages"]} >= {"finetune", "report", "study"}
    assert len(planned["stages"]) == run["stages_planned"], "what follows the best cell, too"
    assert planned["best"] == run["best"]
    assert "then" not in planned
    both = answer("compare", *[f"digits/{cell}" for cell in sorted(CELLS)], "--out", "pair")
    assert {each["name"] for each in both["sets"]} >= {f"digits/{cell}" for cell in CELLS}
    assert answer("verify")["damaged"] == []
    gate = project.root / "strict.yaml"
    gate.write_text("metrics: {fd_efficientnet_lite0: {at_most: 0.001}}")
    decided = answer("promote", "digits", "--gate", gate, "--dry-run", code=1)
    assert decided["accepted"] is False
    (condition,) = decided["conditions"]
    assert condition["candidate"]["value"] > 1


def test_manifests_name_the_data_and_the_commit(finished: Finished) -> None:
    for path in finished[0].published():
        manifest = json.loads(path.read_text())
        assert {"git_commit", "wall_seconds", "device", "libraries", "files"} <= set(manifest)
        if manifest["stage"] == "prepare":
            assert manifest["data_hash"].endswith(".dir")


@pytest.fixture(scope="module")
def runs(finished: Finished) -> list[Any]:
    """Every MLflow run of the sweep."""
    from components.tracking import connect

    client = connect(None, finished[0].root).client
    experiment = client.get_experiment_by_name("digits")
    return list(client.search_runs([experiment.experiment_id]))


def parent(run: Any) -> str | None:
    from components.tracking.rows import above

    return above(run)


def test_mlflow_has_a_sweep_its_models_and_their_cells(runs: list[Any]) -> None:
    (sweep,) = [run for run in runs if parent(run) is None]
    models = [run for run in runs if parent(run) == sweep.info.run_id]
    ids = {run.info.run_id for run in models}
    cells = [run for run in runs if parent(run) in ids]
    (scorer,) = [run for run in models if run.info.run_name == "scorer"]
    assert scorer.data.metrics["seconds_a_step"] > 0
    assert "retrieval_top1_regular" in scorer.data.metrics
    tuned = {r.info.run_name: r for r in models if str(r.info.run_name).startswith("finetune ")}
    assert tuned.keys() == {"finetune bold kind=full", "finetune bold kind=lora"}
    by_kind = {name.rpartition("=")[2]: run.data.metrics for name, run in tuned.items()}
    assert by_kind["full"]["trained_parameters"] == by_kind["full"]["parameters"]
    assert by_kind["lora"]["trained_parameters"] < by_kind["full"]["parameters"] / 20
    assert len(models) == 5
    assert len(cells) == 6
    assert len(runs) == 12
    assert {run.info.status for run in runs} == {"FINISHED"}
    assert {run.info.run_name for run in cells} >= CELLS


def test_models_have_their_loss_and_metrics_against_the_step(
    runs: list[Any], finished: Finished
) -> None:
    from components.tracking import connect

    client = connect(None, finished[0].root).client
    (trained,) = [run for run in runs if run.info.run_name == "train schedule=cosine"]
    for metric in ("loss", "training_fd_efficientnet_lite0", "training_clip_score_domain"):
        history = client.get_metric_history(trained.info.run_id, metric)
        assert max(point.step for point in history) == 30
        assert len(history) >= 2
    images = client.list_artifacts(trained.info.run_id, "images")
    assert any("samples" in image.path for image in images)
    assert trained.data.params["process.schedule"] == "cosine"
    assert trained.data.tags["data.dvc_hash"].endswith(".dir")


def test_the_winner_is_registered_with_its_aliases(finished: Finished) -> None:
    from components.tracking import connect

    client = connect(None, finished[0].root).client
    aliases = client.get_registered_model("digits").aliases
    assert {alias: str(version) for alias, version in aliases.items()} == {
        "candidate": "1",
        "champion": "1",
    }


def test_the_registered_model_samples_is_evaluated_and_exported(finished: Finished) -> None:
    project, _ = finished
    commands = [
        ("sample", "digits@champion", "--out", "mine", "-n", 40, "--steps", 5),
        ("evaluate", "mine", "--experiment", "experiment.yaml", "--out", "figures"),
        ("export", "digits@champion", "--out", "exported"),
        ("compare", "digits", "--out", "table.csv"),
        ("compare", "digits/schedule=linear", "digits/schedule=cosine"),
        ("plan", "experiment.yaml"),
    ]
    for command in commands:
        result = project.alphabar_here(*command)
        assert result.returncode == 0, (command, result.stderr)
        assert "Traceback" not in result.stderr
    root = project.root
    assert len(list((root / "mine" / "images").glob("*.png"))) == 40
    figures = json.loads((root / "figures" / "metrics.json").read_text())["metrics"]
    assert figures["fd_efficientnet_lite0"]["n_generated"] == 40
    assert (root / "exported" / "unet" / "config.json").is_file()
    rows = list(csv.DictReader((root / "table.csv").open()))
    assert len({row["name"] for row in rows}) == 6
    assert {"fd_efficientnet_lite0", "recall_efficientnet_lite0"} < {row["metric"] for row in rows}
    plan = project.alphabar_here("plan", "experiment.yaml").stdout
    assert "to run: 0 of" in plan


def test_the_notebook_and_every_public_example_run(
    finished: Finished, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(finished[0].root)
    names: dict[str, Any] = {}
    text = (ROOT / "docs" / "notebook.md").read_text()
    cells = re.findall(r"^```python\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    for cell in cells:
        exec(cell, names)
    assert names["found"].cells[names["found"].best].model.is_dir()
    assert names["images"].images.shape == (20, 8, 8, 1)
    found = names["found"]
    assert found.load("solver=ddpm,steps=12").sample("7", n=1).sampling.solver == "ddpm"
    assert found.load().sample("7", n=1).sampling.steps == 8
    said = json.loads(finished[0].alphabar_here("run", "experiment.yaml", "--json").stdout)
    (best,) = (each for each in said["sets"] if each["name"] == said["best"])
    table = names["table"]
    mine = table[(table.name == said["best"]) & (table.metric == said["metric"])]
    assert list(mine.value) == [best["figures"][said["metric"]]["value"]], "the command's figures"
    options = doctest.ELLIPSIS | doctest.IGNORE_EXCEPTION_DETAIL
    runner, tried = doctest.DocTestRunner(optionflags=options), 0
    for module in (models, judging, experiments, plot):
        for test in doctest.DocTestFinder().find(module, globs={"alphabar": alphabar, "numpy": np}):
            tried += runner.run(test).attempted
    assert tried >= 15
    assert runner.failures == 0


def test_the_readme_s_notebook_runs_and_a_cell_is_judged_as_it_is_drawn(
    finished: Finished, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(finished[0].root)
    names: dict[str, Any] = {}
    code = re.search(
        r"```python\n(import alphabar\n.*?)```", (ROOT / "README.md").read_text(), re.DOTALL
    )
    assert code is not None
    exec(code[1], names)
    assert names["images"].images.shape == (40, 8, 8, 1)
    assert "fd_efficientnet_lite0" in names["figures"]
    cell = alphabar.experiment("digits").load("solver=ddpm,steps=12")
    drawn = alphabar.evaluate(cell.sample(n=20), "digits")["fd_efficientnet_lite0"]
    assert alphabar.evaluate(cell, "digits", n=20)["fd_efficientnet_lite0"].value == drawn.value
    few = alphabar.evaluate(cell, "digits", n=20, sampling={"steps": 2})
    assert few["fd_efficientnet_lite0"].value != drawn.value


def test_a_changed_guidance_needs_no_training_and_no_scorer_again(
    finished: Finished, shrunk: dict[str, Any]
) -> None:
    project, _ = finished
    shrunk["sampling"]["guidance"] = 1
    workspace = Workspace.here(root=project.root)
    plan = plan_here(load_experiment(project.write(shrunk, "guided.yaml")), workspace)
    missing = [node for node in plan.nodes() if not workspace.store.has(node)]
    assert {node.stage for node in missing} == {"sample", "evaluate"}
    assert len(missing) == 2 * len(CELLS)
