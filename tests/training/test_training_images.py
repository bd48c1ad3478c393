"""What training takes from prepared data, and what it says of it."""

from pathlib import Path

import numpy as np
import torch
from PIL import Image

from components.data.prepare import prepare
from components.files.tables import write_csv
from components.networks.checkpoint import new_checkpoint
from components.runtime import Runtime
from components.spec.sections.data import DataSpec
from components.spec.sections.training import TrainingSpec
from components.training.denoising_task import denoising_task, training_images
from tests.model_config import model_config


def prepared(folder: Path, **data: object) -> Path:
    """Twelve grey images, a third of them wide, every fourth with two captions."""
    raw, out = folder / "raw", folder / "data"
    raw.mkdir()
    out.mkdir()
    rows = []
    for k in range(12):
        values = np.random.default_rng(k).integers(0, 256, (8, 8 + k % 3 // 2), dtype=np.uint8)
        Image.fromarray(values).save(raw / f"{k}.png")
        words = [f"a {k}"] + ([f"the {k}"] if k % 4 == 0 else [])
        rows += [{"file_name": f"{k}.png", "caption": caption} for caption in words]
    write_csv(raw / "metadata.csv", rows)
    spec = DataSpec.model_validate(
        {"source": "folder", "name": "mine", "size": 8, "holdout": 0.3, **data}
    )
    prepare(spec.model_dump(mode="json"), {"raw": raw}, out, Runtime())
    return out


def test_what_was_made_of_images_and_captions_stands_in_the_record(tmp_path: Path) -> None:
    inputs = {"data": prepared(tmp_path, fit="stretch", flip=True)}
    told = {"images_fit_by_stretch": 4, "images_mirrored": 1}
    model = new_checkpoint(model_config("none", classes=()), 0)
    assert denoising_task(model, TrainingSpec()).facts(inputs) == told
    model = new_checkpoint(model_config("minilm", classes=()), 0)
    facts = denoising_task(model, TrainingSpec()).facts(inputs)
    assert facts == told | {"several_captions": 3, "caption_tokens": 4, "captions_cut": 0}


def test_mirrored_images_are_trained_on_where_the_data_says_so(tmp_path: Path) -> None:
    model = new_checkpoint(model_config("none", classes=()), 0)
    data = training_images(model, TrainingSpec(), {"data": prepared(tmp_path, flip=True)})
    assert data.mirrored is not None
    index = torch.tensor([2, 0])
    assert torch.equal(data.mirrored[index], data.stored[index].flip(3))


def test_data_of_square_images_with_a_caption_each_has_nothing_to_tell(digits: Path) -> None:
    model = new_checkpoint(model_config(classes=tuple("0123456789")), 0)
    assert denoising_task(model, TrainingSpec()).facts({"data": digits}) == {}
    assert training_images(model, TrainingSpec(), {"data": digits}).mirrored is None
