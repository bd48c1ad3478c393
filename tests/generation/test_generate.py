"""Images from a checkpoint: their seeds, their prompts, their cost."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from components.errors import AlphabarError
from components.generation import generate as module
from components.generation.generate import generate, network_evaluations
from components.generation.prompts import holdout_prompts
from components.generation.sample import sample
from components.networks.checkpoint import Checkpoint, new_checkpoint, save_checkpoint
from components.runtime import Runtime
from components.spec.models import ConditioningSpec, NetworkSpec, ProcessSpec, SamplingSpec


@pytest.fixture(scope="module")
def model() -> Checkpoint:
    config = {
        "process": ProcessSpec(steps=100).model_dump(mode="json"),
        "network": NetworkSpec(channels=[8, 16]).model_dump(mode="json"),
        "conditioning": ConditioningSpec().model_dump(mode="json"),
        "images": {"size": 8, "channels": 1, "classes": [str(k) for k in range(10)]},
    }
    checkpoint = new_checkpoint(config, seed=0)
    checkpoint.network.eval()
    return checkpoint


def draw(model: Checkpoint, count: int, **settings: object) -> np.ndarray:
    classes = [k % 10 for k in range(count)]
    sampling = SamplingSpec(**({"steps": 4} | settings))  # type: ignore[arg-type]
    return generate(model, sampling, classes=classes, captions=[""] * count)


@pytest.mark.parametrize("solver", ["ddim", "ddpm"])
def test_images_do_not_depend_on_the_batch_size(
    model: Checkpoint, solver: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = draw(model, 12, solver=solver, guidance=2.0)
    monkeypatch.setattr(module, "BATCH", 5)
    parts = draw(model, 12, solver=solver, guidance=2.0)
    # a convolution's sums are ordered by batch size; a pixel may round the other way
    assert np.abs(whole.astype(int) - parts.astype(int)).max() <= 1
    assert (whole == parts).mean() > 0.99


def test_an_image_is_its_seeds(model: Checkpoint) -> None:
    images = draw(model, 3, seed=5)
    later = generate(model, SamplingSpec(steps=4, seed=7), classes=[2], captions=[""])
    assert np.abs(images[2].astype(int) - later[0].astype(int)).max() <= 1
    assert not np.array_equal(images[0], images[1])


def test_the_cost_counts_guidance(model: Checkpoint) -> None:
    assert network_evaluations(model, SamplingSpec(steps=50, guidance=1)) == 50
    assert network_evaluations(model, SamplingSpec(steps=50, guidance=2)) == 100


def test_more_steps_than_the_process_has_are_refused(model: Checkpoint) -> None:
    with pytest.raises(AlphabarError, match=r"`sampling\.steps: 101` is more than"):
        draw(model, 1, steps=101)


def test_progress_ends_at_its_total(model: Checkpoint) -> None:
    seen: list[tuple[int, int]] = []
    generate(
        model,
        SamplingSpec(steps=4),
        classes=[0] * 6,
        captions=[""] * 6,
        progress=lambda done, total, note="": seen.append((done, total)),
    )
    assert seen[-1] == (24, 24)


def test_prompts_are_balanced_over_the_classes(digits: Path) -> None:
    prompts = holdout_prompts(digits, 40)
    assert [prompts.classes.count(c) for c in range(10)] == [4] * 10
    assert len(set(prompts.labels)) == 10
    pairs = set(zip(prompts.labels, prompts.captions, strict=True))
    assert len(pairs) == 10, "one caption a class"


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
