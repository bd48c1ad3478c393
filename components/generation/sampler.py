"""A model and how it is sampled, held against each other once."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from components.errors import AlphabarError
from components.generation.forwards import prepare
from components.generation.guide import check_guide
from components.networks.adapters import Worn, load_worn
from components.networks.checkpoint import Checkpoint, load_checkpoint
from components.sampling.denoiser import Denoise
from components.sampling.solvers import SOLVERS, Solver
from components.sampling.times import Times, time_grid
from components.spec.catalogue import SOLVERS as CATALOGUE_SOLVERS
from components.spec.sections.sampling import SamplingSpec


@dataclass(frozen=True)
class Sampler:
    """What images are sampled with.

    Attributes:
        model: the network, its conditions and its process.
        sampling: the settings.
        guide: the weaker model of ``sampling.guide: weaker``.

    Raises:
        AlphabarError: more solver steps than the process has, or a guide that is missing, not
            asked for, or cannot guide the model.
    """

    model: Checkpoint
    sampling: SamplingSpec
    guide: Checkpoint | None = None

    def __post_init__(self) -> None:
        check_steps(self.model, self.sampling)
        check_guide(self.model, self.sampling, self.guide)

    @cached_property
    def times(self) -> Times:
        """The grid that the solver walks."""
        return time_grid(self.model.schedule, self.sampling.steps, self.sampling.grid)

    @cached_property
    def solver(self) -> Solver:
        """As `components.sampling.solvers` has it, or a plug-in's with its own options bound."""
        name, own = self.sampling.solver, {"options": self.sampling.options}
        plugged = CATALOGUE_SOLVERS.function(name, own)
        return _held_to_x0(plugged, name) if plugged else SOLVERS[name]

    @property
    def options(self) -> dict[str, object]:
        """The options that the solver reads, by name."""
        names = CATALOGUE_SOLVERS[self.sampling.solver].options
        return {name: getattr(self.sampling, name) for name in names}


def _held_to_x0(solver: Solver, name: str) -> Solver:
    """A plug-in's solver, whose result is refused unless it has its start's shape."""

    def solve(denoise: Denoise, x: Tensor, times: Times, **given: Any) -> Tensor:
        x0 = solver(denoise, x, times, **given)
        found = tuple(x0.shape) if isinstance(x0, Tensor) else f"a {type(x0).__name__}"
        if found != tuple(x.shape):
            with CATALOGUE_SOLVERS.naming(name):
                raise ValueError(f"it gives {found}, not x0 of shape {tuple(x.shape)}")
        return x0

    return solve


def load_sampler(
    model: Path,
    sampling: SamplingSpec,
    guide: Path | None = None,
    device: torch.device | str = "cpu",
    *,
    base: Path | None = None,
    weights: Path | None = None,
    adapters: Sequence[tuple[Path, float]] = (),
) -> Sampler:
    """The sampler of the checkpoint in ``model``, at the EMA length that ``sampling`` asks for.

    Args:
        guide: the directory of the weaker model of ``sampling.guide: weaker``.
        base: the directory of the model that the one in ``model`` is an adapter of.
        weights: the folder in which an encoder's weights are looked for first.
        adapters: that the model is drawn with besides, and how many times each counts.

    Raises:
        AlphabarError: a checkpoint is missing or broken, they do not fit each other, or they
            cannot be compiled as ``sampling.compile`` asks.
    """
    worn = Worn(base, adapters, sampling.adapter_scale)
    strong = load_worn(model, worn, device, sampling.ema_length, weights)
    weak = load_checkpoint(guide, device, weights=weights) if guide else None
    for each in (strong, weak):
        if each is not None:
            prepare(each, sampling)
    return Sampler(strong, sampling, weak)


def check_steps(model: Checkpoint, sampling: SamplingSpec) -> None:
    """Raise AlphabarError if the solver is to take more steps than the process has."""
    if sampling.steps > model.schedule.steps:
        raise AlphabarError(
            f"`sampling.steps: {sampling.steps}` is more than the process's {model.schedule.steps}",
            "use fewer solver steps",
        )
