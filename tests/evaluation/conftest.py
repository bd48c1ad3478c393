"""Real digits in the stages' formats: small prepared directories, a scorer and a reference."""

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits

from components.data.captions import write_captions
from components.evaluation.domain_clip import DomainClip, load_scorer
from components.evaluation.extractors.efficientnet import EfficientNetLite0
from components.evaluation.scorer import scorer
from components.evaluation.stages import reference
from components.runtime import Runtime
from components.spec.sections.evaluation import EvaluationSpec, ScorerSpec

WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
RUNTIME = Runtime(accelerator="cpu")
SIZE = 64


Writer = Callable[..., Path]
Digits = tuple[np.ndarray, np.ndarray, list[str]]


def write_prepared(
    directory: Path,
    images: np.ndarray,
    classes: np.ndarray,
    captions: list[str],
    *,
    n_train: int,
    **info: Any,
) -> Path:
    """A prepared directory: the first ``n_train`` rows are the training split."""
    directory.mkdir(parents=True, exist_ok=True)
    rows = {"train": range(n_train), "holdout": range(n_train, len(images))}
    for split, members in rows.items():
        np.save(directory / f"{split}.npy", images[list(members)])
        with (directory / f"{split}.csv").open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(("file_name", "label", "class", "drawing"))
            for row in members:
                writer.writerow((f"{row}.png", classes[row], classes[row], row))
    of = {split: [[captions[row]] for row in members] for split, members in rows.items()}
    write_captions(directory, of)
    facts = {
        "source": "digits",
        "name": None,
        "style": "regular",
        "size": images.shape[1],
        "channels": images.shape[3],
        "classes": [str(digit) for digit in range(10)],
        "n_train": n_train,
        "n_holdout": len(images) - n_train,
        "data_hash": "0123.dir",
        "caption_tokens": {5: len(images)},
        "several_captions": 0,
        "fit": "crop",
        "not_square": 0,
        "flip": False,
    }
    (directory / "dataset.json").write_text(json.dumps(facts | info))
    return directory


@pytest.fixture(scope="session")
def prepared() -> Writer:
    """Writes a prepared directory; see `write_prepared`."""
    return write_prepared


@pytest.fixture(scope="session")
def digit_arrays() -> Digits:
    """All 1,797 scans as uint8 (n, 8, 8, 1), their classes and captions, writers mixed."""
    scans = load_digits()
    order = np.random.default_rng(0).permutation(len(scans.target))
    images = np.round(scans.images[order] * (255 / 16)).astype(np.uint8)[..., None]
    classes = scans.target[order]
    return images, classes, [f"a handwritten {WORDS[digit]}" for digit in classes]


@pytest.fixture(scope="session")
def digits(digit_arrays: Digits, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A prepared directory: 400 training and 200 held-out digits."""
    images, classes, captions = (part[:600] for part in digit_arrays)
    return write_prepared(
        tmp_path_factory.mktemp("digits") / "data", images, classes, captions, n_train=400
    )


@pytest.fixture(scope="session")
def scorer_spec() -> dict[str, Any]:
    return ScorerSpec(steps=200, batch_size=128, size=SIZE, embed_dim=64).model_dump(mode="json")


@pytest.fixture(scope="session")
def scorer_dir(
    digits: Path, scorer_spec: dict[str, Any], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    out = tmp_path_factory.mktemp("scorer")
    scorer(scorer_spec, {"data": digits}, out, RUNTIME)
    return out


@pytest.fixture(scope="session")
def clip(scorer_dir: Path) -> DomainClip:
    return load_scorer(scorer_dir)


@pytest.fixture(scope="session")
def extractor() -> EfficientNetLite0:
    return EfficientNetLite0(SIZE, torch.device("cpu"))


@pytest.fixture(scope="session")
def evaluation_spec() -> dict[str, Any]:
    return EvaluationSpec(samples=200, size=SIZE, classifier="svc").model_dump(mode="json")


@pytest.fixture(scope="session")
def reference_dir(
    digits: Path,
    scorer_dir: Path,
    evaluation_spec: dict[str, Any],
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    out = tmp_path_factory.mktemp("reference")
    reference(evaluation_spec, {"data": digits, "scorer": scorer_dir}, out, RUNTIME)
    return out
