"""Images from a checkpoint: their seeds, their prompts, their cost."""

import copy
import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from components.data.arrays import load_info, load_split
from components.data.prepare import prepare
from components.errors import AlphabarError
from components.generation import batch_size
from components.generation.batches import Sampled
from components.generation.generate import generate
from components.generation.prompts import Prompts, class_captions, split_prompts
from components.generation.sample import sample
from components.generation.sampler import Sampler
from components.networks.checkpoint import Checkpoint, new_checkpoint, save_checkpoint
from components.networks.conditioners import Conditioner, Given, build_conditioner
from components.runtime import Runtime
from components.sampling.solvers import SOLVERS
from components.spec.sections.data import DataSpec
from components.spec.sections.sampling import SamplingSpec
from tests.model_config import DIGITS, model_config
from tests.plugin_package import Install


@pytest.fixture(scope="module")
def model() -> Checkpoint:
    config = model_config(classes=DIGITS, widths=(8, 16), steps=100)
    checkpoint = new_checkpoint(config, seed=0)
    checkpoint.network.eval()
    return checkpoint


def sampled(model: Checkpoint, count: int, **settings: object) -> Sampled:
    classes = [k % 10 for k in range(count)]
    sampling = SamplingSpec(**({"steps": 4} | settings))  # type: ignore[arg-type]
    return generate(Sampler(model, sampling), Prompts.of(classes, [""] * count))


def images_of(model: Checkpoint, count: int, **settings: object) -> np.ndarray:
    return sampled(model, count, **settings).images


@pytest.mark.parametrize(
    "settings",
    [
        {"solver": "ddim", "guidance": 2.0},
        {"solver": "ddpm", "guidance": 2.0},
        {"guidance": 2.0, "guidance_rescale": 0.7, "guidance_sigma_max": 2.0},
        {"guidance": 4.0, "guidance_kind": "apg", "negative_prompt": "3"},
        {"guidance": 0.6, "guidance_kind": "cfgpp"},
    ],
    ids=str,
)
def test_images_do_not_depend_on_the_batch_size(
    model: Checkpoint, settings: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = images_of(model, 12, **settings)
    monkeypatch.setattr(batch_size, "BATCH", 5)
    parts = images_of(model, 12, **settings)
    # a convolution's sums are ordered by batch size; a pixel may round the other way
    assert np.abs(whole.astype(int) - parts.astype(int)).max() <= 1
    assert (whole == parts).mean() > 0.99


def test_an_image_is_its_seeds(model: Checkpoint) -> None:
    images = images_of(model, 3, seed=5)
    sampler = Sampler(model, SamplingSpec(steps=4, seed=7))
    later = generate(sampler, Prompts.of([2], [""])).images
    assert np.abs(images[2].astype(int) - later[0].astype(int)).max() <= 1
    assert not np.array_equal(images[0], images[1])


def test_the_evaluations_of_an_image_are_counted(
    model: Checkpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch_size, "BATCH", 2)
    assert sampled(model, 3, guidance=1).network_evaluations == 4
    assert sampled(model, 3, guidance=2).network_evaluations == 8
    # at t = 1, 3/4, 1/2, 1/4 the cosine schedule's σ/α is 640, 2.4, 1.0, 0.4
    inside = {"guidance": 2, "guidance_sigma_min": 0.5, "guidance_sigma_max": 5.0}
    assert sampled(model, 3, **inside).network_evaluations == 6


def test_more_steps_than_the_process_has_are_refused(model: Checkpoint) -> None:
    with pytest.raises(AlphabarError, match=r"`sampling\.steps: 101` is more than"):
        images_of(model, 1, steps=101)


@pytest.mark.parametrize("solver", sorted(SOLVERS))
def test_progress_rises_to_its_total(
    model: Checkpoint, solver: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch_size, "BATCH", 2)
    seen: list[tuple[int, int]] = []
    generate(
        Sampler(model, SamplingSpec(solver=solver, steps=4)),
        Prompts.of([0] * 3, [""] * 3),
        progress=lambda done, total, note="": seen.append((done, total)),
    )
    assert seen == sorted(seen)
    assert {total for _, total in seen} == {12}
    assert seen[0][0] <= 2
    assert seen[-1] == (12, 12)


@pytest.fixture(scope="module")
def reader() -> Conditioner:
    return build_conditioner({"encoder": "minilm", "max_tokens": None}, Given())


def test_prompts_are_balanced_over_the_classes(digits: Path, model: Checkpoint) -> None:
    prompts = split_prompts(digits, "holdout", 40, model.conditioner)
    assert [prompts.classes.count(c) for c in range(10)] == [4] * 10
    assert len(set(prompts.labels)) == 10
    pairs = set(zip(prompts.labels, prompts.captions, strict=True))
    assert len(pairs) == 10, "one caption a class"


def captioned(folder: Path, rest: str, rows: Sequence[str]) -> Path:
    """Prepared images of one colour each, half of them held out unless the rows say it.

    Args:
        rest: what the header has behind ``caption``.
        rows: the caption of each image, and what belongs to the header's rest.
    """
    raw, data = folder / "raw", folder / "data"
    raw.mkdir()
    data.mkdir()
    listed = [f"{k}.png,{row}" for k, row in enumerate(rows)]
    (raw / "metadata.csv").write_text("\n".join([f"file_name,caption{rest}", *listed]))
    for k in range(len(rows)):
        Image.new("RGB", (8, 8), (k, 0, 0)).save(raw / f"{k}.png")
    section = DataSpec(source="folder", name="raw", size=8, holdout=0.5)
    prepare(section.model_dump(mode="json"), {"raw": raw}, data, Runtime())
    return data


def test_captions_of_a_split_are_asked_for_in_turn_or_at_equal_distances(
    reader: Conditioner, tmp_path: Path
) -> None:
    data = captioned(tmp_path, "", [f"caption {k:02d}" for k in range(24)])
    train = sorted(set(load_split(data, "train").captions))
    holdout = sorted(set(load_split(data, "holdout").captions))
    assert split_prompts(data, "train", len(train), reader).captions == tuple(train)
    few = [train.index(caption) for caption in split_prompts(data, "train", 4, reader).captions]
    assert few == [0, 2, 5, 8], f"every fourth part of {len(train)} has one"
    twice = split_prompts(data, "holdout", 2 * len(holdout), reader).captions
    assert twice == (*holdout, *holdout)


def test_who_reads_captions_is_asked_for_all_of_a_class(
    reader: Conditioner, model: Checkpoint, tmp_path: Path
) -> None:
    kinds = ["cat", "dog", "dog", "dog"]
    rows = [f"{kinds[k % 4]} {k:02d},{kinds[k % 4]}" for k in range(24)]
    data = captioned(tmp_path, ",label", rows)
    for name in ("train", "holdout"):
        captions = set(load_split(data, name).captions)
        prompts = split_prompts(data, name, len(captions), reader)
        assert set(prompts.captions) == captions
        said = [caption.split()[0] for caption in prompts.captions]
        assert list(prompts.labels) == said
        assert [load_info(data).classes[c] for c in prompts.classes] == said
        cats = said.count("cat")
        assert said[: 2 * cats] == ["cat", "dog"] * cats, "classes take turns"
    told = split_prompts(data, "train", 8, model.conditioner)
    assert told.labels == ("cat", "dog") * 4
    assert len(set(told.captions)) == 2


def test_a_class_of_which_nothing_is_held_out_has_a_caption(tmp_path: Path) -> None:
    rows = [f"cat {k},cat,{'test' if k % 2 else 'train'}" for k in range(12)]
    data = captioned(tmp_path, ",label,split", [*rows, "dog 12,dog,train", "dog 13,dog,train"])
    assert set(load_split(data, "holdout").classes) == {0}
    assert class_captions(data) == ["cat 1", "dog 12"]


def test_the_stage_writes_matching_images_and_rows(
    model: Checkpoint, digits: Path, tmp_path: Path
) -> None:
    save_checkpoint(tmp_path, model.config, model.network)
    out = tmp_path / "out"
    out.mkdir()
    spec = {"sampling": SamplingSpec(steps=2, seed=9).model_dump(mode="json"), "samples": 20}
    sample(spec, {"model": tmp_path, "data": digits}, out, Runtime(accelerator="cpu"))
    images, rows = np.load(out / "images.npy"), pd.read_csv(out / "samples.csv")
    assert images.shape == (20, 8, 8, 1)
    assert images.dtype == np.uint8
    assert rows.seed.tolist() == list(range(9, 29))
    assert rows["class"].tolist() == [k % 10 for k in range(20)]
    assert (out / "grid.png").read_bytes().startswith(b"\x89PNG")
    figures = json.loads((out / "metrics.json").read_text())
    assert figures == {"samples": 20, "network_evaluations": 2}


def test_the_stage_is_guided_by_the_model_in_its_role(
    model: Checkpoint, digits: Path, tmp_path: Path
) -> None:
    save_checkpoint(tmp_path, model.config, model.network)
    sampling = SamplingSpec(steps=2, guidance=3.0, guide="weaker").model_dump(mode="json")
    inputs = {"model": tmp_path, "data": digits, "guide": tmp_path}
    sample({"sampling": sampling, "samples": 20}, inputs, tmp_path, Runtime(accelerator="cpu"))
    figures = json.loads((tmp_path / "metrics.json").read_text())
    assert figures["network_evaluations"] == 4
    del inputs["guide"]
    with pytest.raises(AlphabarError, match="no guide model"):
        sample({"sampling": sampling, "samples": 20}, inputs, tmp_path, Runtime(accelerator="cpu"))


def test_images_that_are_not_finite_are_refused_and_not_drawn_black(model: Checkpoint) -> None:
    broken = dataclasses.replace(model, network=copy.deepcopy(model.network), origin="models/seven")
    with torch.no_grad():
        next(broken.network.parameters()).view(-1)[0] = 3.7e37
    with pytest.raises(AlphabarError, match="6 of 6 images that models/seven draws are not finite"):
        sampled(broken, 6)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("raise ValueError('broke')", "failed: ValueError: broke"),
        ("raise SystemExit(0)", "failed: SystemExit: 0"),
        ("return None", "it gives a NoneType, not x0 of shape (2, 1, 8, 8)"),
        ("return x[:1]", "it gives (1, 1, 8, 8), not x0 of shape (2, 1, 8, 8)"),
    ],
)
def test_a_solver_of_a_package_that_gives_no_images_is_named(
    model: Checkpoint, install: Install, line: str, said: str
) -> None:
    install(
        points="[alphabar.solvers]\nbad = damped.records:bad\n",
        records="bad = Plugin(damped_euler.entry, 'damped.code:bad')\n",
        code=f"def bad(denoise, x, times, *, noise, callback=None):\n    {line}\n",
    )
    with pytest.raises(AlphabarError) as caught:
        sampled(model, 2, solver="bad")
    assert "the plug-in `bad` of damped 1.2" in caught.value.what
    assert said in caught.value.what
