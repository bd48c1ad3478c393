"""One training run: from a task to published EMA weights."""

import contextlib
import tempfile
from pathlib import Path

import pytorch_lightning as pl

from components.meter import Meter
from components.networks.compiled import COMPILING, compilations, compile_cache, compile_network
from components.networks.device import resolve_device
from components.networks.ema_snapshots import FOLDER as SNAPSHOTS
from components.networks.ema_snapshots import forget_after
from components.networks.memory_format import placed
from components.runtime import Runtime
from components.spec.sections.training import TrainingSpec
from components.training.batches import Batches, TrainingData
from components.training.callbacks import EndStep, Evaluate
from components.training.losses import DivergedError
from components.training.module import TrainingModule
from components.training.publish import publish
from components.training.resume import RESUME_FILE, read_state, rewind, steps_done
from components.training.run import Run, Trained
from components.training.stopwatch import Stopwatch
from components.training.task import Inputs, Task
from components.training.trainer import trainer_of
from components.training.watch import Watch


def fit(
    task: Task,
    training: TrainingSpec,
    inputs: Inputs,
    out: Path,
    runtime: Runtime,
    extractor: str | None = None,
) -> None:
    """Train the network of ``task`` and write its moving average into ``out``.

    Where ``runtime.scratch`` holds a resume point, training goes on from there, and ends with
    the weights that an undisturbed run gives. Writes weights as the task has it, history.csv,
    evaluations.csv, metrics.json; with ``training.evaluate_every`` samples/ and what
    `components.training.publish` says of the best evaluation; with ``training.ema_snapshots``
    ema/. ``extractor`` judges the evaluations, as `Watch.over` says.

    A loss that is not finite ends training, and the best evaluation's weights are published,
    where `training.publish` or `training.patience` ask for the best and there is one.

    Raises:
        AlphabarError: the loss is not finite otherwise, or `training.select_by` is not measured.
    """
    with contextlib.ExitStack() as stack:
        scratch = runtime.scratch
        if scratch is None:
            scratch = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        device = resolve_device(runtime.accelerator)
        placed(task.network, device)
        watch = None
        if training.evaluate_every:
            watch = Watch.over(task, training, inputs, scratch, runtime, device, extractor)
        meter = Meter(device.type, compiled=compilations)
        run = Run(task, training, runtime, scratch, watch, Stopwatch(runtime.clock), meter)
        try:
            trained = _train(run, inputs)
        except DivergedError as error:
            best = watch.best.latest() if watch else None
            if best is None or runtime.scratch is None:  # or it goes with its folder
                raise
            raise _naming(best, error) from error
        publish(trained, out, task.facts(inputs))
        runtime.seconds.update(run.stopwatch.seconds())
        runtime.costs.update(run.meter.costs())


def _train(run: Run, inputs: Inputs) -> Trained:
    """Module, data, trainer; from the resume point on, where there is one."""
    step = steps_done(run.scratch)
    rewind(run.scratch, run.watch, step)
    if run.is_over(step):
        module = TrainingModule(run.task, run.training)
        state = read_state(run.scratch)
        module.load_state_dict(state["state_dict"])
        run.meter.restore(state["callbacks"][EndStep.__qualname__])
        if run.watch:
            run.stopwatch.restore(state["callbacks"][Evaluate.__qualname__])
        return Trained(run, module, step)
    trainer, module, data = ready(run, inputs, step)
    resume = run.scratch / RESUME_FILE if step else None
    try:
        trainer.fit(module, datamodule=data, ckpt_path=resume, weights_only=True)
    except DivergedError as error:
        if not run.can_end_with_the_best():
            raise
        # the last step's weights may be what diverged
        forget_after(run.scratch / SNAPSHOTS, error.step - 1)
        return Trained(run, module, error.step, diverged=True)
    return Trained(run, module, trainer.global_step)


def ready(run: Run, inputs: Inputs, step: int) -> tuple[pl.Trainer, TrainingModule, TrainingData]:
    """What trains, what is trained, and on what, from ``step`` on."""
    module = TrainingModule(run.task, run.training, run.losses)
    batches = Batches(
        run.task.data(inputs),
        batch_size=run.training.batch_size,
        first=step,
        last=run.training.steps,
        seed=run.training.seed,
    )
    if run.training.compile == "on":
        run.runtime.progress(step, run.training.steps, COMPILING)
        _compile(run)
    return trainer_of(run), module, TrainingData(batches)


def _compile(run: Run) -> None:
    """Compile what is trained; its averages, which evaluations draw from, are left as they are."""
    task = run.task
    compile_cache(run.runtime.kernels)
    kernels = task.network if task.kernels is None else task.kernels
    # the gradient of a part outlives the next part's
    compile_network(kernels, grad=True, graphs=run.training.accumulate == 1)


def _naming(best: Path, error: DivergedError) -> DivergedError:
    return DivergedError(
        error.what,
        f"{error.remedy}; the best evaluation's weights are in {best}, and `training.publish: best`"
        " publishes them where training ends so",
        error.step,
    )
