"""Evaluation while training: it never stops training by failing, keeps the best, ends a bad run."""

import json
import math
import multiprocessing
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from components.data.grids import contact_sheet, save_png
from components.errors import AlphabarError
from components.evaluation.images.image_set import ImageSet
from components.evaluation.judge import Judge
from components.figures.judgement import Judgement
from components.generation.generate import generate
from components.generation.prompts import split_prompts
from components.generation.sampler import Sampler
from components.networks.checkpoint import load_checkpoint, new_checkpoint
from components.runtime import Progress, Runtime, silent
from components.spec.loading import parse_experiment
from components.spec.sections.codec import CodecConfig
from components.spec.sections.network import ConditioningSpec, NetworkSpec
from components.spec.sections.process import ProcessSpec
from components.spec.sections.sampling import SamplingSpec
from components.spec.sections.training import TrainingSpec
from components.training import fit
from components.training.denoising_loss import DenoisingLoss
from components.training.denoising_task import denoising_task
from components.training.look import Seen
from components.training.module import TrainingModule
from components.training.sampled_look import SampledLook
from components.training.stopwatch import evaluations_share
from components.training.train import train
from components.training.watch import Watch
from tests.figures.made import made
from tests.model_config import DIGITS, model_config

FD, KD = "fd_efficientnet_lite0", "kd_efficientnet_lite0"
DENOISING = [f"denoising_{f}_{at}" for f in ("psnr", "ssim") for at in ("sigma0.5", "sigma2")]
SECTION = {
    "steps": 40,
    "batch_size": 32,
    "lr": 2e-3,
    "warmup_steps": 2,
    "ema": 0.8,
    "checkpoint_every": 10,
    "evaluate_every": 4,
    "evaluate_samples": 40,
    "evaluate_steps": 4,
    "evaluate_size": 32,
}

pytestmark = pytest.mark.filterwarnings("ignore:an evaluation was missed")


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


class Runs:
    """Short training runs on the digits, each in a folder of its own."""

    def __init__(self, folder: Path, data: Path, cache: Path) -> None:
        self.folder, self.data, self.cache = folder, data, cache

    def __call__(
        self,
        name: str = "run",
        progress: Progress = silent,
        runtime: Runtime | None = None,
        **training: Any,
    ) -> Path:
        out, scratch = self.folder / name, self.scratch(name)
        out.mkdir()
        scratch.mkdir(exist_ok=True)
        runtime = runtime or Runtime(progress, "cpu", scratch, self.cache)
        train(spec(**training), {"data": self.data}, out, runtime)
        return out

    def scratch(self, name: str = "run") -> Path:
        return self.folder / f"{name}-scratch"


@pytest.fixture
def run(tmp_path: Path, digits: Path, cache: Path) -> Runs:
    return Runs(tmp_path, digits, cache)


def spec(**training: Any) -> dict[str, Any]:
    network = NetworkSpec(channels=[8, 16], layers_per_block=1)
    return {
        "codec": CodecConfig().model_dump(mode="json"),
        "process": ProcessSpec().model_dump(mode="json"),
        "network": network.model_dump(mode="json"),
        "conditioning": ConditioningSpec().model_dump(mode="json"),
        "training": TrainingSpec(**(SECTION | training)).model_dump(mode="json"),
    }


def rows(out: Path, metric: str = FD) -> pd.DataFrame:
    table = pd.read_csv(out / "evaluations.csv", float_precision="round_trip")
    return table[table.metric == metric].set_index("step")


def figures(out: Path) -> dict[str, Any]:
    read: dict[str, Any] = json.loads((out / "metrics.json").read_text())
    return read


def plant_regression(patch: pytest.MonkeyPatch, step: int) -> None:
    """A learning rate a hundred times too large from ``step`` on."""
    sound = TrainingModule._lr_factor

    def factor(self: TrainingModule, at: int) -> float:
        return sound(self, at) * (100 if at >= step else 1)

    patch.setattr(TrainingModule, "_lr_factor", factor)


def plant_figures(patch: pytest.MonkeyPatch, value_of: Callable[[int], float]) -> None:
    """The Fréchet distance at each step is what ``value_of`` says, give or take 1."""

    def see(self: Watch, average: Any, step: int) -> Seen:
        value = value_of(step)
        picture = np.full((1, 1, 1), step, np.uint8)
        save_png(self.pictures / f"step_{step:06d}.png", picture)
        return Seen(picture, {FD: made(FD, value, value - 1, value + 1)})

    patch.setattr(Watch, "_see", see)


def weights(folder: Path) -> bytes:
    return (folder / "model.safetensors").read_bytes()


def test_a_planted_regression_is_caught_and_the_best_checkpoint_survives(
    run: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant_regression(monkeypatch, 20)
    out = run(patience=2)
    table, found = rows(out), figures(out)
    best, last = table.loc[found["best_step"]], table.loc[found["stopped_at"]]
    assert found["stopped_early"] is True
    assert found["steps"] == found["stopped_at"] == table.index[-1] < 40
    assert 20 <= found["best_step"] <= 24, "the moving average lags"
    assert best.value == table.value.min()
    assert last.low > best.high
    assert pd.read_csv(out / "history.csv").step.tolist()[-1] == found["stopped_at"]
    record = json.loads((out / "best" / "best.json").read_text())
    assert record == {"step": found["best_step"], **best.to_dict()}
    picture = out / "samples" / f"step_{found['best_step']:06d}.png"
    model = load_checkpoint(out / "best")
    prompts = split_prompts(run.data, "holdout", SECTION["evaluate_samples"], model.conditioner)
    sampled = generate(Sampler(model, SamplingSpec(steps=4, guidance=2.0)), prompts).images
    save_png(out / "again.png", contact_sheet(sampled[:30], 10))
    assert (out / "again.png").read_bytes() == picture.read_bytes(), "the best's own weights"


def test_a_judge_that_fails_stops_nothing_and_changes_no_weight(
    run: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    sound, calls = Judge.measure, []

    def measure(self: Judge, images: ImageSet, seed: int) -> Judgement:
        calls.append(seed)
        if len(calls) == 2:
            raise RuntimeError("no memory\nleft")
        return sound(self, images, seed)

    monkeypatch.setattr(Judge, "measure", measure)
    with pytest.warns(UserWarning, match="missed \\(RuntimeError\\) at step 8: no memory left"):
        watched = run(steps=12)
    assert rows(watched).index.tolist() == [4, 12]
    missed = (watched / "missed_evaluations.csv").read_text()
    assert missed == "step,kind,message\n8,RuntimeError,no memory left\n"
    assert weights(watched) == weights(run("blind", steps=12, evaluate_every=0))


def test_a_failure_is_told_once_a_kind_and_stays_in_the_progress_line(
    run: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(step: int) -> float:
        if step == 8:
            raise ValueError("other")
        raise RuntimeError("always")

    plant_figures(monkeypatch, fail)
    notes: dict[int, str] = {}
    with pytest.warns(UserWarning, match="missed") as told:
        out = run(
            steps=16,
            publish="best",
            progress=lambda done, total, note="": notes.update({done: note}),
        )
    messages = [str(w.message) for w in told if "missed" in str(w.message)]
    assert messages == [
        "an evaluation was missed (RuntimeError) at step 4: always",
        "an evaluation was missed (ValueError) at step 8: other",
    ]
    assert "missed" not in notes[3]
    assert notes[4].endswith(", evaluations missed: RuntimeError")
    assert notes[16].endswith(", evaluations missed: RuntimeError, ValueError")
    missed = pd.read_csv(out / "missed_evaluations.csv")
    assert missed.step.tolist() == [4, 8, 12, 16]
    assert figures(out)["published"] == "last", "there is no best one"
    assert (out / "model.safetensors").is_file()
    assert not (out / "best").exists()
    assert not (out / "last").exists()


@pytest.mark.parametrize("stop", [KeyboardInterrupt, SystemExit])
def test_who_stops_the_program_during_an_evaluation_stops_it(
    run: Runs, monkeypatch: pytest.MonkeyPatch, stop: type[BaseException]
) -> None:
    def interrupt(step: int) -> float:
        raise stop

    plant_figures(monkeypatch, interrupt)
    model = new_checkpoint(model_config(classes=DIGITS), 0)
    training = TrainingSpec(**spec()["training"])
    watch = Watch.over(
        denoising_task(model, training),
        training,
        {"data": run.data},
        run.folder,
        Runtime(),
        torch.device("cpu"),
    )
    with pytest.raises(stop):
        watch.look(model.network, 4)
    assert not watch.missed.rows()


@pytest.mark.parametrize("value", [math.nan, -math.inf])
def test_a_figure_that_is_not_finite_is_never_the_best(
    run: Runs, monkeypatch: pytest.MonkeyPatch, value: float
) -> None:
    plant_figures(monkeypatch, lambda step: value if step in (4, 12) else 30.0)
    out = run(steps=16, patience=1)
    assert rows(out).index.tolist() == [8, 16]
    assert figures(out)["best_step"] == 8
    missed = pd.read_csv(out / "missed_evaluations.csv")
    assert missed.step.tolist() == [4, 12]
    assert set(missed.kind) == {"not finite"}


def test_patience_counts_evaluations_in_a_row_and_skips_those_that_were_missed(
    run: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = {4: 10.0, 8: 20.0, 12: 11.0, 16: 20.0, 20: math.nan, 24: 20.0}
    plant_figures(monkeypatch, lambda step: values[step])
    out = run(patience=2, ema_snapshots=2)
    assert figures(out)["stopped_at"] == 24
    history = pd.read_csv(out / "history.csv")
    assert history.step.tolist() == [10, 20, 24]
    assert history.grad_norm.is_unique, "the last row's is its own"
    snapshots = sorted(path.name for path in (out / "ema").glob("0.05*"))
    assert snapshots == ["0.05-000020.safetensors", "0.05-000024.safetensors"]


def test_the_end_of_training_is_no_early_end(run: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    plant_figures(monkeypatch, float)
    found = figures(run(steps=8, patience=1))
    assert (found["steps"], found["best_step"]) == (8, 4)
    assert not {"stopped_early", "stopped_at"} & found.keys()


def test_publish_says_which_weights_are_the_model_and_keeps_the_others(
    run: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant_figures(monkeypatch, lambda step: abs(step - 8.0))
    last, best = run("last", steps=12), run("best", steps=12, publish="best")
    assert {p.name for p in best.iterdir()} == {
        "model.safetensors",
        "best.json",
        "last",
        "samples",
        "history.csv",
        "evaluations.csv",
        "metrics.json",
    }
    assert weights(best) == weights(last / "best") != weights(last)
    assert weights(best / "last") == weights(last)
    assert (best / "best.json").read_bytes() == (last / "best" / "best.json").read_bytes()
    assert json.loads((best / "best.json").read_text())["step"] == 8
    assert figures(best) == figures(last) | {"published": "best"}


def test_evaluations_are_timed_apart_and_a_resumed_run_goes_on_counting(
    run: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    now, dies = [0.0], [True]

    def tick(done: int, total: int, note: str = "") -> None:
        now[0] += 1  # a step takes a second
        if done == 15 and dies.pop():
            raise KeyboardInterrupt

    def slow(step: int) -> float:
        now[0] += 3
        return 50.0 - step

    plant_figures(monkeypatch, slow)
    runtime = Runtime(tick, "cpu", run.scratch(), run.cache, clock=lambda: now[0])
    with pytest.raises((KeyboardInterrupt, SystemExit)):
        run(steps=20, runtime=runtime)
    assert not runtime.seconds, "nothing is published yet"
    (run.folder / "run").rmdir()
    dies.append(False)
    run(steps=20, runtime=runtime)
    # after the resume point at step 10, with two evaluations, three more
    assert runtime.seconds == {"training": 20, "evaluations": 5 * 3}
    assert evaluations_share(runtime.seconds) == 15 / 35
    costs = runtime.costs
    assert costs["peak_memory_bytes"] >= costs["step_memory_bytes"] > 2**20
    assert 0 < costs["seconds_a_step"] < 60


def test_a_run_without_evaluations_has_no_share_of_them(run: Runs) -> None:
    runtime = Runtime(silent, "cpu", run.scratch(), run.cache)
    run(steps=2, evaluate_every=0, runtime=runtime)
    assert runtime.seconds["training"] > 0
    assert evaluations_share(runtime.seconds) is None
    # of two steps the median is the mean
    assert 2 * runtime.costs["seconds_a_step"] <= runtime.seconds["training"] + 1e-3


def diverging(patch: pytest.MonkeyPatch, at: int) -> None:
    """The loss of step ``at`` is not a number."""
    plain = DenoisingLoss.__call__

    def loss(self: DenoisingLoss, *given: Any) -> torch.Tensor:
        return plain(self, *given) * (float("nan") if given[2] == at else 1)

    patch.setattr(DenoisingLoss, "__call__", loss)


@pytest.mark.parametrize("section", [{"publish": "best"}, {"patience": 9}])
def test_a_run_that_diverges_ends_with_its_best_weights(
    run: Runs, monkeypatch: pytest.MonkeyPatch, section: dict[str, Any]
) -> None:
    plant_figures(monkeypatch, lambda step: abs(step - 8.0))
    sound = run("sound", publish="best")
    diverging(monkeypatch, 14)
    out = run(ema_snapshots=40, **section)
    found = figures(out)
    assert found["steps"] == found["stopped_at"] == found["diverged_at"] == 14
    assert found["stopped_early"] is True
    assert (found["best_step"], found["published"]) == (8, "best")
    assert weights(out) == weights(sound), "the best came before what diverged"
    assert json.loads((out / "best.json").read_text())["step"] == 8
    assert not (out / "last").exists()
    assert not (out / "best").exists()
    assert (out / "ema" / "0.05-000013.safetensors").is_file()
    assert not (out / "ema" / "0.05-000014.safetensors").exists(), "may be what diverged"


def test_a_run_that_diverges_before_its_first_row_of_history_is_published_too(
    run: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant_figures(monkeypatch, float)
    diverging(monkeypatch, 6)
    found = figures(run(publish="best"))
    assert (found["best_step"], found["diverged_at"]) == (4, 6)
    assert "loss" not in found


def test_a_run_that_diverges_names_its_best_weights_where_the_last_were_asked_for(
    run: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant_figures(monkeypatch, lambda step: abs(step - 8.0))
    diverging(monkeypatch, 14)
    with pytest.raises(AlphabarError, match="the loss is nan at step 14") as refused:
        run()
    best = run.scratch() / "best" / "step_000008"
    assert str(best) in refused.value.remedy
    assert (best / "model.safetensors").is_file()


def test_a_run_that_diverges_before_any_evaluation_fails_as_without(
    run: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    diverging(monkeypatch, 2)
    with pytest.raises(AlphabarError, match="the loss is nan at step 2") as refused:
        run(publish="best", patience=1)
    assert "best" not in refused.value.remedy


def test_weights_that_are_not_finite_are_never_the_best(
    run: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    def spoil(self: TrainingModule) -> None:
        if self.global_step == 4:
            next(self.ema.parameters()).data.fill_(math.nan)

    plant_figures(monkeypatch, float)
    monkeypatch.setattr(TrainingModule, "move_average", spoil)
    out = run(steps=6)
    assert rows(out).empty
    assert figures(out)["evaluations_missed"] == {"not finite": 2}
    assert not (out / "best").exists()


def test_the_extractor_that_the_file_names_judges_while_training(
    run: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = new_checkpoint(model_config(classes=DIGITS), 0)
    training = TrainingSpec(**spec()["training"])
    inputs = {"data": run.data}
    task, cpu = denoising_task(model, training), torch.device("cpu")
    watch = Watch.over(task, training, inputs, run.folder, Runtime(), cpu, "dinov2")
    assert isinstance(watch.see, SampledLook)
    assert watch.see.judge.protocol.extractors == ("dinov2",)
    assert watch.select_by == "fd_dinov2"
    asked: list[str | None] = []

    def over(*given: Any) -> Watch:
        asked.append(given[-1])
        raise KeyboardInterrupt

    monkeypatch.setattr(Watch, "over", over)
    out = run.folder / "out"
    out.mkdir()
    with pytest.raises(KeyboardInterrupt):
        train(spec() | {"judge": {"extractor": "dinov2"}}, inputs, out, Runtime())
    assert asked == ["dinov2"]


def test_a_chosen_figure_that_is_not_measured_is_refused_before_training(run: Runs) -> None:
    steps: list[int] = []
    with pytest.raises(AlphabarError, match="select_by: fd_dinov2` is not measured") as refused:
        run(select_by="fd_dinov2", progress=lambda done, total, note="": steps.append(done))
    assert refused.value.remedy == f"choose from {', '.join(sorted([FD, KD, *DENOISING]))}"
    assert not steps


def test_the_first_evaluation_refuses_a_figure_that_does_not_apply(run: Runs) -> None:
    with pytest.raises(AlphabarError, match="`training.select_by: cmmd_") as refused:
        run(select_by="cmmd_efficientnet_lite0")
    assert refused.value.remedy == f"choose from {', '.join(sorted([FD, KD, *DENOISING]))}"
    assert not (run.scratch() / "resume.ckpt").exists()


def test_another_figure_can_decide_and_its_good_side_is_known(run: Runs) -> None:
    metric = "recall_efficientnet_lite0"
    out = run(steps=24, evaluate_every=8, select_by=metric)
    table, found = rows(out, metric), figures(out)
    assert found["best_metric"] == metric
    assert found["best_value"] == table.value.max() > table.value.min()
    assert table.value.idxmax() == found["best_step"]


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ({"select_by": "sharpness"}, "`training.select_by: sharpness` does not exist"),
        ({"select_by": "neighbour_ratio_dinov2"}, "nobody knows"),
        ({"evaluate_every": 0, "patience": 2}, "`patience: 2` has no meaning with"),
        ({"evaluate_every": 0, "publish": "best"}, "`publish: best` has no meaning with"),
        ({"max_share": 0.1}, "training.max_share"),
        ({"evaluate_every": 0, "select_by": "fid"}, "`select_by: fid` has no meaning with"),
    ],
)
def test_what_cannot_decide_is_refused_when_the_file_is_read(
    section: dict[str, Any], message: str
) -> None:
    values = {"name": "x", "data": {"source": "digits"}, "training": section}
    with pytest.raises(AlphabarError, match=message):
        parse_experiment(values, "x.yaml")


def test_more_sample_steps_than_the_process_has_are_refused_before_training(run: Runs) -> None:
    steps: list[int] = []
    settings = spec(evaluate_steps=30)
    settings["process"]["steps"] = 20
    out = run.folder / "out"
    out.mkdir()
    runtime = Runtime(lambda done, total, note="": steps.append(done), "cpu")
    with pytest.raises(AlphabarError, match="more than the process's 20"):
        train(settings, {"data": run.data}, out, runtime)
    assert not steps


def test_a_run_that_is_killed_while_it_publishes_ends_as_early_as_before(
    run: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant_figures(monkeypatch, float)

    def die(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(fit, "publish", die)
        with pytest.raises(KeyboardInterrupt):
            run(patience=4, checkpoint_every=20)
    (run.folder / "run").rmdir()
    steps: list[int] = []
    again = run(
        patience=4,
        checkpoint_every=20,
        progress=lambda done, total, note="": steps.append(done),
    )
    assert not steps, "the resume point is the end"
    whole = run("whole", patience=4, checkpoint_every=20)
    assert contents(again) == contents(whole)
    assert figures(again)["stopped_at"] == 20


def _killed_at_step_17(runs: Runs) -> None:
    def die(done: int, total: int, note: str = "") -> None:
        if done == 17:
            os.kill(os.getpid(), signal.SIGKILL)

    torch.set_num_threads(1)
    with pytest.MonkeyPatch.context() as patch:
        plant_regression(patch, 12)
        runs("killed", die, patience=2, publish="best")


def test_a_killed_run_finds_the_best_again_and_ends_early_as_an_undisturbed_one(
    run: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    process = multiprocessing.get_context("spawn").Process(target=_killed_at_step_17, args=(run,))
    process.start()
    process.join(120)
    assert process.exitcode == -signal.SIGKILL
    scratch = run.scratch("killed")
    kept = sorted(path.name for path in (scratch / "best").iterdir())
    assert kept[0] == "step_000008"
    assert kept[1] in ("step_000012", "step_000016")
    (scratch / "best" / ".step_000020.part").mkdir()
    (scratch / "samples" / "step_000099.png").touch()
    plant_regression(monkeypatch, 12)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    steps: list[int] = []
    try:
        scratch.rename(run.scratch("resumed"))
        resumed = run(
            "resumed",
            lambda done, total, note="": steps.append(done),
            patience=2,
            publish="best",
        )
        whole = run("whole", patience=2, publish="best")
    finally:
        torch.set_num_threads(threads)
    assert steps[0] == 11, "it goes on after the checkpoint of step 10"
    assert figures(whole)["stopped_early"] is True
    assert 10 < figures(whole)["best_step"] < figures(whole)["stopped_at"] < 40
    assert contents(resumed) == contents(whole)


def contents(folder: Path) -> dict[str, bytes]:
    """Every file of a published directory."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
