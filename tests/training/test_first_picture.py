"""The picture of step 0: what the weights draw that training starts from, and nothing else."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from components.data.grids import contact_sheet, save_png
from components.evaluation.features.feature_bank import FeatureBank
from components.evaluation.judge import Judge
from components.generation.generate import generate
from components.generation.prompts import images_of, split_prompts
from components.generation.sampler import Sampler
from components.networks.checkpoint import Checkpoint, new_checkpoint
from components.runtime import Runtime, silent
from components.spec.model_config import new_config
from components.spec.sections.sampling import SamplingSpec
from components.spec.sections.training import TrainingSpec
from components.training.denoising import DenoisingProbe
from components.training.denoising_task import denoising_task
from components.training.pictures import picture_path, pictures, read_prompts, rewind_pictures
from components.training.sampled_look import SampledLook
from components.training.watch import Watch
from tests.training.test_watch import Runs, cache, contents, figures, plant_figures, run, spec

__all__ = ["cache", "run"]  # fixtures

pytestmark = pytest.mark.filterwarnings("ignore:an evaluation was missed")


def untrained(data: Path) -> Checkpoint:
    """The model that the runs of `spec` start from."""
    sections = {name: section for name, section in spec().items() if name != "training"}
    config = new_config(sections | {"images": images_of(data).model_dump()})
    return new_checkpoint(config, TrainingSpec(**spec()["training"]).seed)


def watch_of(model: Checkpoint, run: Runs) -> Watch:
    training = TrainingSpec(**spec()["training"])
    task, inputs = denoising_task(model, training), {"data": run.data}
    watch = Watch.over(task, training, inputs, run.folder, Runtime(), torch.device("cpu"))
    watch.rewind(0)
    return watch


def test_it_shows_what_the_first_weights_draw_and_each_images_prompt(
    run: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant_figures(monkeypatch, float)
    samples = run(steps=4) / "samples"
    model = untrained(run.data)
    prompts = split_prompts(run.data, "holdout", 40, model.conditioner).some(range(30))
    drawn = generate(Sampler(model, SamplingSpec(steps=4, guidance=2.0)), prompts).images
    save_png(run.folder / "expected.png", contact_sheet(drawn, 10))
    expected = (run.folder / "expected.png").read_bytes()
    assert (samples / "step_000000.png").read_bytes() == expected
    shown = read_prompts(samples)
    assert shown is not None
    assert shown.grid == (3, 10)
    assert [shown.prompts[divmod(k, 10)] for k in range(30)] == list(prompts.captions)
    assert list(shown.firsts(8)) == list(dict.fromkeys(prompts.captions))[:8]


def test_nothing_is_judged_and_no_judge_is_loaded(
    run: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("judged at step 0")

    model = untrained(run.data)
    watch = watch_of(model, run)
    for judge, method in (
        (Judge, "measure"),
        (DenoisingProbe, "measure"),
        (FeatureBank, "features"),
    ):
        monkeypatch.setattr(judge, method, refuse)
    watch.begin(model.network)
    assert list(pictures(watch.pictures)) == [0]
    assert not watch.missed.rows()
    assert not watch.journal.rows()
    assert watch.best.latest() is None
    assert watch.track_record().best is None


def test_it_leaves_the_generators_and_the_average_as_they_were(run: Runs) -> None:
    model = untrained(run.data)
    watch = watch_of(model, run)
    before = torch.get_rng_state(), np.random.get_state()[1].copy()
    weights = {name: each.clone() for name, each in model.network.state_dict().items()}
    watch.begin(model.network)
    assert torch.equal(torch.get_rng_state(), before[0])
    assert np.array_equal(np.random.get_state()[1], before[1])
    assert all(torch.equal(each, weights[n]) for n, each in model.network.state_dict().items())


def test_what_is_trained_is_the_same_with_it_and_without(
    run: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_it = contents(run("with", steps=8, ema_snapshots=2))
    monkeypatch.setattr(Watch, "begin", lambda self, average: None)
    without = contents(run("without", steps=8, ema_snapshots=2))
    assert with_it.pop("samples/step_000000.png")
    assert with_it == without


def test_a_run_that_goes_on_draws_none_and_keeps_the_one_that_it_has(
    run: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant_figures(monkeypatch, float)

    def die(done: int, total: int, note: str = "") -> None:
        if done == 15:
            raise KeyboardInterrupt

    with pytest.raises((KeyboardInterrupt, SystemExit)):
        run(steps=20, progress=die)
    (run.folder / "run").rmdir()
    picture = picture_path(run.scratch() / "samples", 0)
    picture.write_bytes(picture.read_bytes() + b"kept")
    out = run(steps=20)
    assert (out / "samples" / picture.name).read_bytes().endswith(b"kept")
    assert list(pictures(out / "samples")) == [0, 4, 8, 12, 16, 20]


def test_one_that_fails_is_missed_and_training_goes_on(
    run: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant_figures(monkeypatch, float)
    expected = contents(run("sound", steps=4))

    def fail(self: SampledLook, average: nn.Module) -> None:
        raise RuntimeError("no memory\nleft")

    monkeypatch.setattr(SampledLook, "picture", fail)
    with pytest.raises((KeyboardInterrupt, SystemExit)):
        run("again", steps=4, progress=_die)
    (run.folder / "again").rmdir()
    with pytest.warns(UserWarning, match=r"missed \(RuntimeError\) at step 0: no memory left"):
        out = run("again", steps=4)
    missed = (out / "missed_evaluations.csv").read_text()
    assert missed == "step,kind,message\n0,RuntimeError,no memory left\n", "once, not each time"
    assert figures(out)["evaluations_missed"] == {"RuntimeError": 1}
    assert figures(out)["best_step"] == 4
    assert list(pictures(out / "samples")) == [4]
    assert contents(out)["model.safetensors"] == expected["model.safetensors"]


def _die(done: int, total: int, note: str = "") -> None:
    raise KeyboardInterrupt


def test_weights_that_are_not_finite_are_not_drawn(run: Runs) -> None:
    model = untrained(run.data)
    next(model.network.parameters()).data.fill_(torch.nan)
    watch = watch_of(model, run)
    with pytest.warns(UserWarning, match="not finite"):
        watch.begin(model.network)
    assert not pictures(watch.pictures)
    assert watch.counts() == {"not finite": 1}


def test_its_time_is_that_of_evaluations(run: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]

    def slow(self: Watch, average: nn.Module) -> None:
        now[0] += 7

    def tick(done: int, total: int, note: str = "") -> None:
        now[0] += 1  # a step takes a second

    plant_figures(monkeypatch, float)
    monkeypatch.setattr(Watch, "begin", slow)
    runtime = Runtime(tick, "cpu", run.scratch(), run.cache, clock=lambda: now[0])
    run(steps=4, runtime=runtime)
    assert runtime.seconds == {"training": 4, "evaluations": 7}


def test_without_evaluations_there_is_none(run: Runs) -> None:
    out = run(steps=2, evaluate_every=0, runtime=Runtime(silent, "cpu", run.scratch(), run.cache))
    assert not (out / "samples").exists()
    assert pd.read_csv(out / "history.csv").step.tolist() == [2]


def test_pictures_are_those_of_steps_and_are_removed_behind_one(tmp_path: Path) -> None:
    assert pictures(tmp_path / "samples") == {}
    rewind_pictures(tmp_path / "samples", 0)
    for name in ("step_000000.png", "step_1200000.png", "step_000300.png", "step_x.png", "a.png"):
        (tmp_path / "samples" / name).touch()
    assert list(pictures(tmp_path / "samples")) == [0, 300, 1_200_000]
    rewind_pictures(tmp_path / "samples", 300)
    assert list(pictures(tmp_path / "samples")) == [0, 300]
    assert (tmp_path / "samples" / "step_x.png").is_file()
