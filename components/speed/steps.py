"""Steps of a network with random weights and inputs, timed: a few of each kind, in turn."""

import contextlib
import math
import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor

from components.errors import AlphabarError
from components.networks.compiled import compile_cache, compile_network
from components.networks.conditioners import Conditioner
from components.networks.conditioners.class_label import LABELS
from components.networks.conditioners.rows import MASK, POOLED, STATES, TIME_IDS, Rows
from components.networks.denoisers import build_network
from components.networks.denoisers.pretrained import READS
from components.networks.device import resolve_device
from components.networks.memory_format import laid, placed
from components.spec.pipelines.families import NETWORKS
from components.speed.load import BF16, Load
from components.training.checkpointing import compute_again
from components.training.optimizers import OPTIMIZERS
from components.training.parts import of_part, parts_of

FEWEST, MOST = 3, 5
"""Rounds, of which the median counts."""

ENOUGH = 20.0
"""Seconds after which the fewest rounds do."""

LONG_ENOUGH = 0.02
"""Seconds that are timed at once: of short steps several."""

CLASSES = 10
"""Of a network that is told one: how many there are makes no difference to its speed."""

HALF = {"bf16-mixed": torch.bfloat16, "16-mixed": torch.float16}


@dataclass(frozen=True)
class _Told:
    """What `build_network` asks of a conditioner."""

    n_classes: int
    width: int | None
    pooled: int | None


class Steps:
    """The steps of a load; its network is built by the project's own builders."""

    def __init__(self, load: Load) -> None:
        self._load, told = load, _told(load)
        self._device = resolve_device(load.accelerator)
        self.network = build_network(load.network, load.shape, cast(Conditioner, told), seed=0)
        placed(self.network, self._device).train(load.trains)
        if load.checkpointing:
            compute_again(self.network)
        self._optimizer = None
        if load.optimizer is not None:
            fused = self._device.type == "cuda"
            self._optimizer = OPTIMIZERS[load.optimizer](
                self.network.parameters(), 1e-6, 0.0, fused
            )
        x = torch.randn(load.rows, *load.shape, device=self._device)
        self._x = laid(x)
        self._target = torch.randn_like(self._x)
        self._timestep = torch.linspace(1, 999, load.rows, device=self._device)
        self._rows = _rows(load, told, self._device)

    def able(self, precision: str) -> bool:
        """Whether the device computes in it at all, and not in another's name."""
        if precision != BF16 or self._device.type != "cuda":
            return True
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))

    def step(self, precision: str) -> None:
        """A training step, or a forward pass where nothing is trained."""
        if self._optimizer is None:
            with torch.inference_mode(), self._autocast(precision):
                self.network(self._x, self._timestep, **self._rows)
            return
        for part in parts_of(self._load.rows, self._load.parts):
            rows = of_part(self._rows, part)
            with self._autocast(precision):
                output = self.network(self._x[part], self._timestep[part], **rows)
                loss = torch.nn.functional.mse_loss(output.float(), self._target[part])
            loss.backward()
        self._optimizer.step()
        self._optimizer.zero_grad()

    def finish(self) -> None:
        """Wait for what the device still computes."""
        if self._device.type == "cuda":
            torch.cuda.synchronize(self._device)
        elif self._device.type == "mps":
            torch.mps.synchronize()

    def timed(self, works: Mapping[str, Callable[[], None]]) -> dict[str, float]:
        """Seconds that each of ``works`` takes, the median of a few rounds, in turn."""
        times: dict[str, list[float]] = {name: [] for name in works}
        repeats = {name: self._repeats(work) for name, work in works.items()}
        begun = time.perf_counter()
        for number in range(MOST):
            if number >= FEWEST and time.perf_counter() - begun > ENOUGH:
                break
            for name, work in works.items():
                taken = self._seconds(work, repeats[name])
                times[name].append(taken / repeats[name])
        return {name: statistics.median(found) for name, found in times.items()}

    def _repeats(self, work: Callable[[], None]) -> int:
        """How often ``work`` is done in one timing; it has then been done twice."""
        self._seconds(work, 1)
        return max(1, math.ceil(LONG_ENOUGH / max(self._seconds(work, 1), LONG_ENOUGH / 100)))

    def _seconds(self, work: Callable[[], None], times: int) -> float:
        self.finish()
        begun = time.perf_counter()
        for _ in range(times):
            work()
        self.finish()
        return time.perf_counter() - begun

    def _autocast(self, precision: str) -> contextlib.AbstractContextManager[Any]:
        if precision not in HALF:
            return contextlib.nullcontext()
        return torch.autocast(self._device.type, HALF[precision])


def time_precisions(load: Load, precisions: Sequence[str]) -> dict[str, float | None]:
    """Seconds of a step in each precision; None where this device does not compute in it."""
    steps = Steps(load)
    able = [precision for precision in precisions if steps.able(precision)]
    found = steps.timed({name: lambda name=name: steps.step(name) for name in able})  # type: ignore[misc]
    return {name: found.get(name) for name in precisions}


def time_compiled(load: Load, precision: str, folder: Path) -> dict[str, float | str]:
    """What compiling takes, ``compile_seconds``, and a step without and with it, ``eager`` and
    ``compiled``; or why it cannot be done, ``fault``.

    Args:
        folder: for what is compiled, where the stage finds it again.
    """
    compile_cache(folder)
    steps = Steps(load)
    try:
        steps.step(precision)  # what a first step does anyway
        steps.finish()
        # the gradient of a part outlives the next part's
        compile_network(steps.network, grad=load.trains, graphs=load.parts == 1)
        begun = time.perf_counter()
        for _ in range(2):  # kinds of memory that the first one cannot know are compiled for too
            steps.step(precision)
        steps.finish()
        first = time.perf_counter() - begun
    except AlphabarError as error:
        return {"fault": error.what}
    found = steps.timed(
        {"eager": lambda: _eagerly(steps, precision), "compiled": lambda: steps.step(precision)}
    )
    return {**found, "compile_seconds": max(0.0, first - 2 * found["compiled"])}


def _eagerly(steps: Steps, precision: str) -> None:
    with _uncompiled():
        steps.step(precision)


@contextlib.contextmanager
def _uncompiled() -> Iterator[None]:
    with torch.compiler.set_stance("force_eager"):
        yield


def _told(load: Load) -> _Told:
    """Of a network of others what its configuration says that it reads."""
    if (model := load.network.get("model")) is None:
        return _Told(CLASSES if load.classes else 0, load.width, None)
    read = READS[model]({**NETWORKS[model], **load.network["config"]})
    return _Told(0, read.width, read.pooled)


def _rows(load: Load, told: _Told, device: torch.device) -> Rows:
    rows: dict[str, Tensor] = {}
    if told.n_classes:
        rows[LABELS] = torch.arange(load.rows, device=device) % told.n_classes
    if told.width is not None:
        rows[STATES] = torch.randn(load.rows, max(1, load.tokens), told.width, device=device)
        rows[MASK] = torch.ones(load.rows, max(1, load.tokens), dtype=torch.int64, device=device)
    if told.pooled is not None:
        rows[POOLED] = torch.randn(load.rows, told.pooled, device=device)
        rows[TIME_IDS] = torch.zeros(load.rows, 6, device=device)
    return rows
