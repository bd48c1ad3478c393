"""What a run prints of its fine-tunes."""

import json
from pathlib import Path
from typing import Any

import pytest

from components.figures.winner import with_choice
from components.files.new_folder import seal_folder
from components.reporting.tables.terminal import printed, rich_table
from components.spec.loading import parse_experiment
from components.spec.plan import plan_baselines, plan_finetune
from components.store import Store
from flows.run.tuned_results import TunedResults, tuned_lines
from flows.run.tuned_table import tuned_table
from tests.figures.made import record, write_record

LITE = "efficientnet_lite0"
BASE: dict[str, Any] = {
    "name": "digits",
    "data": {"source": "digits", "size": 8},
    "conditioning": {"encoder": "minilm"},
}
OF_SUBJECT = {
    "kind": "dreambooth",
    "subject": "mine",
    "token": "sks",
    "class_word": "digit",
    "batch_size": 8,
    "limits": {"drift_at_most": 0.2},
}
OF_STYLE = {"kind": "lora", "style": "bold", "limits": {"drift_at_most": 0.2}}


def made(
    root: Path, section: dict[str, Any], sweep: dict[str, Any], models: list[dict[str, float]]
) -> TunedResults:
    """Fine-tunes with the figures in ``models`` (fd, drift, likeness less the base's)."""
    values = BASE | {"finetune": section, "sweep": sweep}
    plan = plan_baselines(parse_experiment(values, "the test"), lambda data: data.source)
    best, store = plan.cells[0], Store(root)
    tuned = plan_finetune(plan, best)

    def judged(node: Any, **figures: float) -> None:
        folder = store.path(node)
        folder.mkdir(parents=True, exist_ok=True)
        found = {f"{n}_{LITE}": record(v, v / 20, extractor=LITE) for n, v in figures.items()}
        write_record(folder, {"metrics": found})
        seal_folder(folder, {"key": node.key})

    for node in (best.evaluate, tuned.evaluate_baseline, tuned.reference):
        judged(node, fd=100.0, recall=0.5)
    for model, of in zip(tuned.models, models, strict=True):
        judged(model.evaluate, fd=of["fd"], recall=0.5)
        assert model.cells[0].drift is not None
        judged(model.cells[0].drift, fd=of["fd"], drift=of["drift"])
        if model.subject:
            less = of["likeness"]
            cosines = {"tuned": 0.5 + less, "baseline": 0.5, "difference": less, "ceiling": 0.9}
            ends = {k: {"value": v, "low": v - 0.02, "high": v + 0.02} for k, v in cosines.items()}
            folder = store.path(model.subject.similarity)
            folder.mkdir(parents=True)
            (folder / "metrics.json").write_text(json.dumps({"similarity": {LITE: ends}}))
            seal_folder(folder, {"key": model.subject.similarity.key})
    return TunedResults(plan, best, with_choice(plan, best, tuned, store), store)


def shown(results: TunedResults, width: int = 80) -> str:
    """Their table as a terminal of ``width`` letters has it."""
    from rich.console import Console

    table = tuned_table(results)
    console = Console(width=width, record=True, file=None)
    with console.capture() as capture:
        console.print(rich_table(printed(table, width), table.caption))
    return capture.get()


@pytest.fixture
def subject(tmp_path: Path) -> TunedResults:
    models = [
        {"fd": 60.0, "drift": 0.5, "likeness": 0.1},
        {"fd": 90.0, "drift": 0.1, "likeness": -0.04},
    ]
    return made(tmp_path, OF_SUBJECT, {"finetune.prior_weight": [0, 1]}, models)


@pytest.fixture
def style(tmp_path: Path) -> TunedResults:
    models = [{"fd": 60.0, "drift": 0.1}, {"fd": 30.0, "drift": 0.4}]
    return made(tmp_path, OF_STYLE, {"finetune.rank": [4, 8]}, models)


def test_of_a_subject_the_table_has_likeness_drift_and_limits_in_80_letters(
    subject: TunedResults,
) -> None:
    text = shown(subject)
    assert max(map(len, text.splitlines())) <= 80
    assert "…" not in text
    first, second = (line for line in text.splitlines() if "prior_weight" in line)
    for word in ("0.600 ±0.020", "+0.100 ±0.020", "0.500 ±0.025", "no"):
        assert word in first
    for word in ("0.460 ±0.020", "-0.040 ±0.020", "0.100", "yes"):
        assert word in second
    assert "(chosen)" in text.partition("prior_weight=1")[2]
    assert "Fréchet" not in text


def test_the_lines_say_which_is_chosen_where_it_lies_why_and_that_it_is_worse(
    subject: TunedResults, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(subject.store.root.parent)
    name, place, why, worse = tuned_lines(subject)
    chosen = subject.tuned.models[1].published
    assert name == "prior_weight=1"
    assert place == f"{subject.store.root.name}/{chosen.stage}/{chosen.key}"
    assert "of 2, prior_weight=1 alone keeps that" in why
    assert worse.startswith("prior_weight=1 is less like the subject than its base (likeness 0.460")
    monkeypatch.chdir("/")
    assert tuned_lines(subject)[1].endswith(f"{chosen.stage}/{chosen.key}")


def test_of_a_style_the_table_has_the_distance_beside_the_base_s(style: TunedResults) -> None:
    text = shown(style)
    assert max(map(len, text.splitlines())) <= 80
    lines = text.splitlines()
    assert any("the base " in line and "100.0" in line for line in lines)
    kept, over = (line for line in lines if "rank=" in line)
    for word in ("rank=4 (chosen)", "60.0 ±3.0", "-40.0", "0.100", "yes"):
        assert word in kept
    for word in ("30.0 ±1.5", "0.400", "no"):
        assert word in over
    assert "recall" not in text
    assert "recall" in shown(style, 200)
    assert "is better than its base" in tuned_lines(style)[-1]


def test_one_fine_tune_without_limits_has_its_place_and_how_it_stands(tmp_path: Path) -> None:
    plain = {"kind": "full", "style": "bold"}
    alone = made(tmp_path, plain, {}, [{"fd": 101.0, "drift": 0.1}])
    name, place, told = tuned_lines(alone)
    assert name == "fine-tuned"
    assert place.endswith(alone.tuned.chosen.published.key)
    assert told.startswith("The fine-tune cannot be told from its base in Fréchet distance")
    assert "limits" not in shown(alone)
    assert "(chosen)" not in shown(alone)
