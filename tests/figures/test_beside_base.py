"""A fine-tune that has not gained on its base is said to have not, in words that its kind has."""

import json
from pathlib import Path

import pytest

from components.figures.beside_base import beside_base
from components.figures.best_finetune import Measured
from components.figures.standing import BETTER, NOISE, UNLIKE, WORSE
from tests.figures.made import record, write_record

FD, LITE = "fd_efficientnet_lite0", "efficientnet_lite0"
HOLDOUT = "Fréchet distance (efficientnet_lite0) to the new holdout"


def judged(folder: Path, value: float, **changes: object) -> Path:
    folder.mkdir()
    write_record(folder, {"metrics": {FD: record(value, 5.0, **{"extractor": LITE, **changes})}})
    return folder


def alike(folder: Path, value: float, half: float) -> Path:
    folder.mkdir()
    less = {"value": value, "low": value - half, "high": value + half}
    own = {"value": 0.5 + value, "low": 0.4, "high": 0.6}
    base = {"value": 0.5, "low": 0.4, "high": 0.6}
    found = {"tuned": own, "baseline": base, "difference": less, "ceiling": base}
    (folder / "metrics.json").write_text(json.dumps({"similarity": {LITE: found}}))
    return folder


@pytest.mark.parametrize(
    ("difference", "kind", "said"),
    [
        (-0.04, WORSE, "a is less like the subject than its base"),
        (0.01, NOISE, "a cannot be told from its base in likeness to the subject"),
        (0.09, BETTER, "a is more like the subject than its base"),
    ],
)
def test_of_a_subject_the_likeness_decides_whatever_the_distance(
    tmp_path: Path, difference: float, kind: str, said: str
) -> None:
    base = judged(tmp_path / "base", 100.0)
    similarity = alike(tmp_path / "likeness", difference, 0.02)
    model = Measured(judged(tmp_path / "own", 10.0), similarity=similarity)
    found = beside_base(model, base, FD, LITE)
    assert found is not None
    assert found.kind == kind
    sentence = found.sentence("a")
    assert sentence.startswith(f"{said} (likeness {0.5 + difference:.3f} against 0.500, diff")
    assert sentence.endswith("]).")


@pytest.mark.parametrize(
    ("distance", "kind", "said"),
    [
        (130.0, WORSE, f"is worse than its base in {HOLDOUT} (+30 ±10, outside the intervals)"),
        (95.0, NOISE, f"cannot be told from its base in {HOLDOUT} (-5 ±10, within the interv"),
        (60.0, BETTER, f"is better than its base in {HOLDOUT} (-40 ±10, outside the intervals)"),
    ],
)
def test_without_a_subject_the_distance_to_the_new_holdout_decides(
    tmp_path: Path, distance: float, kind: str, said: str
) -> None:
    base = judged(tmp_path / "base", 100.0)
    found = beside_base(Measured(judged(tmp_path / "own", distance)), base, FD)
    assert found is not None
    assert found.kind == kind
    assert found.sentence("").startswith(f"The fine-tune {said}")


def test_what_was_measured_otherwise_is_not_compared(tmp_path: Path) -> None:
    base = judged(tmp_path / "base", 100.0, resize="another")
    found = beside_base(Measured(judged(tmp_path / "own", 10.0)), base, FD)
    assert found is not None
    assert found.kind == UNLIKE
    assert found.clause.endswith("which was measured otherwise")
    assert beside_base(Measured(tmp_path / "own"), base, "fid") is None
