import dataclasses
import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from components.errors import AlphabarError
from components.evaluation.domain_clip import FILE_NAME
from components.evaluation.scorer import RESUME_FILE, scorer
from components.figures.record import read_judgement
from components.runtime import Runtime

RUNTIME = Runtime(accelerator="cpu")


def test_held_out_digits_find_their_captions(scorer_dir: Path) -> None:
    record = read_judgement(scorer_dir).figures["retrieval_top1_regular"]
    assert record.value > 0.7
    protocol = record.protocol
    assert (protocol.chance, protocol.n_reference, protocol.n_generated) == (0.1, 10, 200)


def test_the_same_training_gives_the_same_bytes(
    digits: Path, scorer_dir: Path, scorer_spec: dict[str, Any], tmp_path: Path
) -> None:
    scorer(scorer_spec, {"data": digits}, tmp_path, RUNTIME)
    for name in (FILE_NAME, "metrics.json"):
        assert (tmp_path / name).read_bytes() == (scorer_dir / name).read_bytes()


def test_a_stopped_scorer_looks_at_no_image_twice_and_ends_with_the_same_bytes(
    digits: Path, scorer_dir: Path, scorer_spec: dict[str, Any], tmp_path: Path
) -> None:
    def stop(done: int, total: int, note: str = "") -> None:
        if note.startswith("training"):
            raise RuntimeError("stopped")

    out, scratch = tmp_path / "out", tmp_path / "scratch"
    out.mkdir()
    scratch.mkdir()
    seconds = itertools.count(step=60)
    runtime = Runtime(
        stop, "cpu", scratch, cache=tmp_path / "cache", clock=lambda: float(next(seconds))
    )
    with pytest.raises(RuntimeError, match="stopped"):
        scorer(scorer_spec, {"data": digits}, out, runtime)
    assert [path.name for path in scratch.iterdir()] == [RESUME_FILE]
    notes = list[tuple[int, str]]()
    watched = dataclasses.replace(
        runtime, progress=lambda done, total, note="": notes.append((done, note.split(",")[0]))
    )
    scorer(scorer_spec, {"data": digits}, out, watched)
    assert notes[0] == (100, "training the scorer")  # from step 50 on, with the features at hand
    for name in (FILE_NAME, "metrics.json"):
        assert (out / name).read_bytes() == (scorer_dir / name).read_bytes()


def test_two_styles_are_learned_together_and_reported_apart(
    digits: Path,
    scorer_dir: Path,
    scorer_spec: dict[str, Any],
    prepared: Callable[..., Path],
    digit_arrays: Any,
    tmp_path: Path,
) -> None:
    images, classes, captions = (part[:300] for part in digit_arrays)
    negative = prepared(
        tmp_path / "data", 255 - images, classes, captions, n_train=200, style="negative"
    )
    out = tmp_path / "out"
    out.mkdir()
    scorer(scorer_spec, {"data": digits, "data:finetune": negative}, out, RUNTIME)
    records = read_judgement(out).figures
    assert set(records) == {"retrieval_top1_regular", "retrieval_top1_negative"}
    assert records["retrieval_top1_negative"].value > 0.5
    assert (out / FILE_NAME).read_bytes() != (scorer_dir / FILE_NAME).read_bytes()


@pytest.mark.parametrize(("caption", "fault"), [("", "no caption"), ("a digit", "are the same")])
def test_captions_that_teach_nothing_are_refused(
    scorer_spec: dict[str, Any],
    prepared: Callable[..., Path],
    digit_arrays: Any,
    tmp_path: Path,
    caption: str,
    fault: str,
) -> None:
    images, classes, _ = (part[:30] for part in digit_arrays)
    data = prepared(tmp_path / "data", images, classes, [caption] * 30, n_train=20)
    out = tmp_path / "out"
    out.mkdir()
    with pytest.raises(AlphabarError, match=fault):
        scorer(scorer_spec, {"data": data}, out, RUNTIME)
    assert list(out.iterdir()) == []
