"""The best fine-tune is read from what the stages have left: figures, drift, likeness."""

import json
from pathlib import Path

import pytest

from components.figures.best_finetune import Measured, decide
from tests.figures.made import record, write_record

FD, DRIFT = "fd_efficientnet_lite0", "drift_efficientnet_lite0"
NAMES = ["first", "second"]
FREE = {"drift_at_most": None, "base_fd_at_most": None}


def figures(folder: Path, **values: float) -> Path:
    folder.mkdir(parents=True)
    named = {"fd": FD, "drift": DRIFT}
    judged = {
        named[n]: record(v, 0.1 * v, extractor="efficientnet_lite0") for n, v in values.items()
    }
    write_record(folder, {"metrics": judged})
    return folder


def likeness(folder: Path, value: float) -> Path:
    folder.mkdir(parents=True)
    each = {"value": value, "low": value, "high": value}
    told = dict.fromkeys(("tuned", "baseline", "difference", "ceiling"), each)
    (folder / "metrics.json").write_text(json.dumps({"similarity": {"efficientnet_lite0": told}}))
    return folder


@pytest.mark.parametrize(
    ("alike", "limit", "best", "words"),
    [
        ((), None, 1, "second has the best"),
        ((), 0.3, 0, "of 2, first alone keeps that"),
        ((0.9, 0.5), None, 0, "first has the best likeness to the subject"),
    ],
)
def test_the_choice_and_its_reason_come_from_the_same_files(
    tmp_path: Path, alike: tuple[float, ...], limit: float | None, best: int, words: str
) -> None:
    models = [
        Measured(
            figures(tmp_path / f"adapted{k}", fd=distance),
            figures(tmp_path / f"drifted{k}", fd=100.0, drift=lost),
            likeness(tmp_path / f"likeness{k}", alike[k]) if alike else None,
        )
        for k, (distance, lost) in enumerate(((200.0, 0.1), (100.0, 0.5)))
    ]
    before = figures(tmp_path / "before", fd=100.0)
    decision = decide(models, before, FD, FREE | {"drift_at_most": limit})
    assert decision.choice.best == best
    assert words in decision.reason(NAMES)


def test_models_without_drift_are_compared_by_their_distance(tmp_path: Path) -> None:
    models = [Measured(figures(tmp_path / name, fd=d)) for name, d in (("a", 5.0), ("b", 6.0))]
    before = figures(tmp_path / "before", fd=9.0)
    assert decide(models, before, FD, FREE).choice.best == 0
