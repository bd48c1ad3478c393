"""Two small sample directories in the stage's real format, as two models would make them."""

import csv
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

COUNT = 40
CLASSES = 10
BASELINE_GREY, FINETUNED_GREY = 60, 180
"""The two models' images differ in brightness, so that a test can tell who made one."""


def write_samples(directory: Path, grey: int, captions: tuple[str, ...] = ()) -> Path:
    """Forty 8x8 grey images around ``grey``, of ten classes."""
    directory.mkdir(parents=True)
    rng = np.random.default_rng(grey)
    images = (grey + rng.integers(-20, 20, (COUNT, 8, 8, 1))).astype(np.uint8)
    np.save(directory / "images.npy", images)
    rows = [
        (i, 100 + i, i % CLASSES, str(i % CLASSES), captions[i % len(captions)] if captions else "")
        for i in range(COUNT)
    ]
    write_rows(directory, rows)
    return directory


def write_rows(directory: Path, rows: list[tuple[int, int, int, str, str]]) -> None:
    with (directory / "samples.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["index", "seed", "class", "label", "caption"])
        writer.writerows(rows)


@pytest.fixture
def sampled() -> Callable[..., Path]:
    """`write_samples`, for tests that want other captions."""
    return write_samples


@pytest.fixture
def models(tmp_path: Path) -> dict[str, Path]:
    """The study's inputs."""
    return {
        "baseline": write_samples(tmp_path / "a", BASELINE_GREY),
        "finetuned": write_samples(tmp_path / "b", FINETUNED_GREY),
    }
