"""Every stage by name, imported only where it runs."""

import importlib
import logging
import os
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from components.runtime import Runtime


@dataclass(frozen=True)
class Stage:
    """What a stage runs, and what DVC is to know of it.

    Attributes:
        function: module and name, with a colon between.
        judges: whether it measures figures, of which `dvc metrics` shows some.
        history: its file of numbers against the training step, for `dvc plots`.
        picture: its image for `dvc plots`.
    """

    function: str
    judges: bool = False
    history: str | None = None
    picture: str | None = None


STAGES = {
    "prepare": Stage("components.data.prepare:prepare"),
    "scorer": Stage("components.evaluation.scorer:scorer"),
    "reference": Stage("components.evaluation.stages:reference", judges=True),
    "autoencoder": Stage("components.training.autoencoder:autoencoder", history="history.csv"),
    "encode": Stage("components.training.encode:encode"),
    "subject": Stage("components.data.subject:subject"),
    "base": Stage("components.finetuning.base:base"),
    "train": Stage("components.training.train:train", history="history.csv"),
    "sample": Stage("components.generation.sample:sample", picture="grid.png"),
    "similarity": Stage("components.evaluation.similarity:similarity"),
    "likelihood": Stage("components.evaluation.stages:likelihood"),
    "evaluate": Stage("components.evaluation.stages:evaluate", judges=True),
    "finetune": Stage("components.finetuning.finetune:finetune", history="history.csv"),
    "checkpoint": Stage("components.finetuning.checkpoint:checkpoint"),
    "report": Stage("components.reporting.pages.report:report"),
    "study": Stage("components.preference.study:study"),
    "answers": Stage("components.preference.simulated.stage:answers"),
}

THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
"""What libraries read when they are loaded."""

QUIET = (
    "pytorch_lightning.utilities.rank_zero",
    "transformers",
    "diffusers",
    "timm",
    "torch.utils.cpp_extension",
    "root",
)


def run_stage(
    stage: str, spec: dict[str, Any], inputs: Mapping[str, Path], out: Path, runtime: Runtime
) -> None:
    """Import the stage's function and call it."""
    load_stage(stage)(spec, inputs, out, runtime)


def load_stage(stage: str) -> Callable[..., None]:
    """The stage's function, with all that it imports: torch and seconds."""
    module, _, function = STAGES[stage].function.partition(":")
    loaded: Callable[..., None] = getattr(importlib.import_module(module), function)
    return loaded


def prepare_process(threads: int | None) -> None:
    """Settle what belongs to a process that runs stages: its threads and its loggers.

    As many threads as a stage's key says work in every library, those that are loaded later
    too: sums are split among them, and rounded otherwise.

    Libraries talk to a user who writes training code; ours reads a progress bar. Their
    warnings about workers, loggers and hubs have no remedy that this user could apply.

    Args:
        threads: of torch, BLAS and OpenMP; None leaves each its own choice.
    """
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    warnings.simplefilter("ignore")
    if threads:
        _limit_threads(threads)
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.ERROR)


def _limit_threads(count: int) -> None:
    os.environ.update(dict.fromkeys(THREAD_VARIABLES, str(count)))
    import torch
    from threadpoolctl import threadpool_limits

    torch.set_num_threads(count)
    threadpool_limits(count)


def device_name(accelerator: str) -> str:
    """What the manifest says that a stage ran on."""
    from components.networks.device import resolve_device

    device = resolve_device(accelerator)
    if device.type == "cuda":
        import torch

        return str(torch.cuda.get_device_name(device))
    return device.type
