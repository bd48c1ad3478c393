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
from components.training.denoising_loss import DenoisingLoss
from components.training.denoising_task import denoising_task, training_images
from tests.model_config import model_config
from tests.tiny_text_encoders import tiny_clip


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


def test_captions_are_counted_as_the_encoder_of_the_model_reads_them(tmp_path: Path) -> None:
    name = f"clip:{tiny_clip(tmp_path / 'clip')}"
    inputs = {"data": prepared(tmp_path)}
    model = new_checkpoint(model_config(name, classes=()), 0)
    facts = denoising_task(model, TrainingSpec()).facts(inputs)
    (reader,) = model.conditioner.readers
    captions = [f"a {k}" for k in range(12)] + [f"the {k}" for k in range(0, 12, 4)]
    lengths = [reader.count(caption) for caption in captions]
    assert facts["caption_tokens"] == max(lengths) > 4
    assert facts["captions_cut"] == 0
    model = new_checkpoint(model_config(name, classes=(), max_tokens=4), 0)
    facts = denoising_task(model, TrainingSpec()).facts(inputs)
    assert facts["caption_tokens"] == 4
    assert facts["captions_cut"] == sum(length > 4 for length in lengths) > 0


def test_a_dropped_condition_is_the_absent_one_in_all_that_the_network_is_told(
    tmp_path: Path,
) -> None:
    first, second = tiny_clip(tmp_path / "a"), tiny_clip(tmp_path / "b", projection=8, seed=1)
    config = model_config(f"clip:{first} + clip:{second}", classes=(), dropout=0.5)
    model = new_checkpoint(config, 0)
    rows, null = (
        model.conditioner.encode([-1] * 64, ["a red heart"] * 64),
        model.conditioner.null(1),
    )
    loss = DenoisingLoss(model, TrainingSpec())
    found = loss.dropped(rows, torch.Generator().manual_seed(0))
    gone = [bool((found["text_embeds"][k] == null["text_embeds"][0]).all()) for k in range(64)]
    assert 20 < sum(gone) < 44
    for part, row in found.items():
        kept = torch.stack([(null if out else rows)[part][0] for out in gone])
        assert torch.equal(row, kept)


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
