"""Losses stay where they are computed until something is kept, judged or told by them."""

import math
import pickle
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from components.errors import AlphabarError
from components.runtime import Runtime
from components.training import losses as module
from components.training.denoising_loss import DenoisingLoss
from components.training.losses import DivergedError, Losses
from components.training.module import TrainingModule
from components.training.train import train
from tests.training.test_train import run, spec

LOOKS = torch.ops.aten._local_scalar_dense.default


def given(*values: float) -> Losses:
    losses = Losses()
    for step, value in enumerate(values):
        losses.begin(step)
        losses.add(torch.tensor(value))
    return losses


def test_the_mean_is_of_all_that_were_read_since_the_last() -> None:
    losses = given(1.0, 2.0)
    assert math.isnan(losses.last)
    losses.read()
    losses.begin(2)
    losses.add(torch.tensor(6.0))
    losses.read()
    assert (losses.last, losses.take_mean()) == (6.0, 3.0)
    losses.begin(3)
    losses.add(torch.tensor(5.0))
    losses.read()
    assert losses.take_mean() == 5.0


def test_parts_of_a_step_add_up_in_float64() -> None:
    losses = Losses()
    losses.begin(0)
    for part in (1.0, 2.0**-30):
        losses.add(torch.tensor(part))
    losses.read()
    assert losses.take_mean() == 1 + 2.0**-30


def test_what_was_read_goes_on_from_its_state() -> None:
    losses, again = given(1.0, 2.0), Losses()
    losses.read()
    again.restore(losses.state())
    again.begin(2)
    again.add(torch.tensor(9.0))
    again.read()
    assert again.take_mean() == 4.0


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_the_first_loss_that_is_not_finite_is_named(value: float) -> None:
    with pytest.raises(DivergedError, match=f"the loss is {value} at step 1") as refused:
        given(1.0, value, 2.0, math.nan).read()
    again = pickle.loads(pickle.dumps(refused.value))
    assert (again.step, again.what) == (1, refused.value.what)


def test_losses_that_nobody_asks_for_are_read_at_last(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_UNREAD", 3)
    losses = given(1.0, math.nan, 2.0)
    with pytest.raises(DivergedError, match="at step 1"):
        losses.begin(3)


class Looked(TorchDispatchMode):
    """The steps in which a number of a tensor was asked for; those in which AdamW counts its own
    steps, on the CPU, are none."""

    def __init__(self, step: Callable[[], int]) -> None:
        super().__init__()
        self.step, self.found = step, set[int]()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func is LOOKS:
            asking = traceback.extract_stack(limit=6)
            if not any("/optim/" in frame.filename for frame in asking):
                self.found.add(self.step())
        return func(*args, **(kwargs or {}))


@pytest.mark.parametrize(
    "training",
    [
        {},
        {"accumulate": 3, "gradient_clip": 0.5},
        {"offset_noise": 0.1, "input_perturbation": 0.1, "loss_weight": "min_snr"},
        {"precision": "bf16-mixed", "time_sampling": "logit_normal", "ema_snapshots": 1},
    ],
)
def test_no_number_is_asked_for_within_a_step_between_rows_of_the_history(
    tmp_path: Path, digits: Path, monkeypatch: pytest.MonkeyPatch, training: dict[str, Any]
) -> None:
    steps = [0]
    plain = TrainingModule.training_step

    def counted(self: TrainingModule, *given: Any) -> Any:
        steps[0] = self.global_step + 1
        return plain(self, *given)

    monkeypatch.setattr(TrainingModule, "training_step", counted)
    with Looked(lambda: steps[0]) as looked:
        run(tmp_path / "out", digits, log_every=4, steps=12, checkpoint_every=100, **training)
    assert looked.found - {0} == {4, 8, 12}, "the gradient's norm is asked for with a row"


def test_rows_come_as_often_as_the_file_says(tmp_path: Path, digits: Path) -> None:
    run(tmp_path / "often", digits, steps=7, log_every=1)
    run(tmp_path / "seldom", digits, steps=7, log_every=3)
    often, seldom = (pd.read_csv(tmp_path / n / "history.csv") for n in ("often", "seldom"))
    assert often.step.tolist() == [1, 2, 3, 4, 5, 6, 7]
    assert seldom.step.tolist() == [3, 6, 7]
    means = [often.loss[:3].mean(), often.loss[3:6].mean(), often.loss[6]]
    assert seldom.loss.tolist() == pytest.approx(means, rel=1e-5)
    assert (tmp_path / "often" / "model.safetensors").read_bytes() == (
        tmp_path / "seldom" / "model.safetensors"
    ).read_bytes()


def test_nothing_is_kept_of_a_run_whose_loss_was_not_finite_before(
    tmp_path: Path, digits: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = DenoisingLoss.__call__

    def diverge(self: DenoisingLoss, *given: Any) -> torch.Tensor:
        return plain(self, *given) * (float("nan") if given[2] == 6 else 1)

    monkeypatch.setattr(DenoisingLoss, "__call__", diverge)
    reported: list[int] = []
    scratch, out = tmp_path / "scratch", tmp_path / "out"
    for folder in (scratch, out):
        folder.mkdir()
    runtime = Runtime(lambda done, total, note="": reported.append(done), "cpu", scratch)
    # resume points every 4 steps, snapshots every 3: the first of either after step 6 is at 8
    settings = spec(log_every=100, ema_snapshots=4, evaluate_every=0)
    with pytest.raises(AlphabarError, match="the loss is nan at step 6"):
        train(settings, {"data": digits}, out, runtime)
    assert reported == [1, 2, 3, 4, 5, 6, 7, 8], "it went on to where something would be kept"
    kept = torch.load(scratch / "resume.ckpt", weights_only=True)
    assert kept["global_step"] == 4
    assert all(bool(w.isfinite().all()) for w in kept["state_dict"].values())
    assert {p.name[-18:] for p in (scratch / "ema").iterdir()} == {
        f"{step:06d}.safetensors" for step in (3, 6)
    }
    assert not list(out.iterdir())


def test_progress_shows_the_loss_that_was_read_last(tmp_path: Path, digits: Path) -> None:
    notes: list[str] = []

    def progress(done: int, total: int, note: str = "") -> None:
        notes.append(note)

    out = tmp_path / "out"
    out.mkdir()
    train(spec(steps=5, log_every=2), {"data": digits}, out, Runtime(progress, "cpu"))
    assert notes[0] == "", "nothing was read yet"
    assert notes[1] == notes[2] != notes[3] != notes[4]
    assert all(note.startswith("loss ") for note in notes[1:])
