"""What is said of images that occur twice."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from components.data.captions import write_captions
from components.errors import AlphabarError
from components.evaluation.degenerate import notes_on
from components.evaluation.features.feature_bank import FeatureBank, FeatureSet
from components.evaluation.stages import reference
from components.evaluation.view import View
from components.figures.judgement import Judgement
from components.figures.record import read_judgement, write_judgement
from components.reporting.tables.figure_table import figure_table
from components.reporting.tables.subject import Subject
from components.runtime import Runtime
from components.spec.sections.evaluation import EvaluationSpec
from tests.figures.made import made


def view(generated: np.ndarray, real: np.ndarray) -> View:
    sets = [
        FeatureSet(each.astype(np.float32), "x", "none", "", None) for each in (generated, real)
    ]  # type: ignore[arg-type]
    return View(*sets, None, FeatureBank("cpu"), 0.95, 5)


DIFFERENT = np.random.default_rng(0).normal(size=(40, 6))


def test_different_images_carry_no_note() -> None:
    assert notes_on(view(DIFFERENT[:20], DIFFERENT[20:]), "holdout") == []


def test_a_set_against_itself_is_said_to_be() -> None:
    (note,) = notes_on(view(DIFFERENT, DIFFERENT), "holdout")
    assert note.startswith("40 of the 40 judged images are in the reference (holdout), too")


def test_one_image_again_and_again_is_counted_and_explains_the_precision() -> None:
    black = np.zeros((24, 6))
    ours, theirs, shared, rim = notes_on(view(black, black), "black")
    assert ours == "of the 24 judged images only 1 is different; the others are copies"
    assert theirs.startswith("of the 24 images of the reference (black) only 1")
    assert shared.startswith("24 of the 24")
    assert "more than 5 times has a ball of radius 0" in rim
    assert view(black, black).overlap.precision.estimate.value == 0.0


def test_an_image_that_is_often_only_in_both_sets_together_keeps_its_ball() -> None:
    thrice = np.concatenate([DIFFERENT[:1]] * 3 + [DIFFERENT[1:20]])
    notes = notes_on(view(thrice, np.concatenate([thrice, DIFFERENT[20:]])), "holdout")
    assert not [note for note in notes if "radius 0" in note]


def test_the_notes_stand_in_the_record_and_under_the_table(tmp_path: Path) -> None:
    figures = {"fd_x": made("fd_x", 0.0, 0.0, 0.0)}
    write_judgement(tmp_path, Judgement(figures, notes=("all are black",)))
    found = read_judgement(tmp_path)
    assert found.notes == ("all are black",)
    assert "all are black" in figure_table("", Subject("a", found)).notes


def test_too_few_training_images_are_called_training_images(digits: Path, tmp_path: Path) -> None:
    few = Path(shutil.copytree(digits, tmp_path / "few"))
    write_captions(few, {name: [["a"]] * n for name, n in (("train", 8), ("holdout", 200))})
    np.save(few / "train.npy", np.load(digits / "train.npy")[:8])
    lines = (digits / "train.csv").read_text().splitlines(keepends=True)
    (few / "train.csv").write_text("".join(lines[:9]))
    spec = EvaluationSpec(clip="none").model_dump(mode="json")
    with pytest.raises(AlphabarError, match="8 training images are too few"):
        reference(spec, {"data": few}, tmp_path, Runtime())
