"""Inpainting without training for it (RePaint, Lugmayr et al. 2022)."""

import math
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from components.sampling.denoiser import Denoise
from components.sampling.noise import Noise
from components.sampling.solvers import Solver
from components.sampling.solvers.steps import Callback
from components.sampling.times import Times

RESAMPLES, JUMP = 10, 10
"""As in the paper's section 5.1."""

_KEYS = 1 << 20  # of a visit: the solver's own from 0, the two below from the end
_KNOWN, _AGAIN = _KEYS - 1, _KEYS - 2


def inpaint(
    solver: Solver,
    denoise: Denoise,
    image: Tensor,
    known: Tensor,
    times: Times,
    *,
    noise: Noise,
    resamples: int = RESAMPLES,
    jump: int = JUMP,
    callback: Callback | None = None,
    **options: Any,
) -> Tensor:
    """Draw what is not ``known`` of ``image`` so that it goes with what is.

    After every solver step the known region is put in as a draw of q(x_s | image) (Lugmayr
    2022, eq. 8), which the step knew nothing of. So that both parts come to fit, the run goes
    ``jump`` steps back up, x_t ~ q(x_t | x_s), and down again, until it has come down
    ``resamples`` times (algorithm 1; jumps longer than one step: section 4.2).

    Every step is a run of ``solver`` on a grid of its own with that one step. Solvers that
    remember earlier steps so run at their first order, and what an option spreads over a run's
    steps, as churn, is meant for one step here.

    Args:
        solver: of `SOLVERS`; one that adds noise fits best.
        image: (batch, channel, height, width), within [−1, 1].
        known: bool, broadcasts to ``image``; True is kept, bit for bit in the result.
        resamples: 1 never goes back up.
        jump: of the grid's steps; at most all but one.
        noise: ``noise(-1)`` is the start; the n-th visit to a step uses keys from n · 2²⁰ on.
        callback: hears of each visit, `visits` of them.
        options: the solver's.
    """
    x = times.start_scale * noise(-1)
    for visit, (i, to) in enumerate(_path(times.steps, resamples, jump)):

        def drawn(key: int, first: int = visit * _KEYS) -> Tensor:
            return noise(first + key)

        x = solver(denoise, x, _one_step(times, i), noise=drawn, **options)
        alpha, sigma = float(times.alpha[i + 1]), float(times.sigma[i + 1])
        x = torch.where(known, alpha * image + sigma * drawn(_KNOWN) if sigma else image, x)
        if to <= i:
            x = _noisier(x, times, i + 1, to, drawn(_AGAIN))
        if callback:
            callback(visit)
    return x


def visits(steps: int, resamples: int = RESAMPLES, jump: int = JUMP) -> int:
    """How many solver steps `inpaint` takes on a grid of ``steps``."""
    return sum(1 for _ in _path(steps, resamples, jump))


def _path(steps: int, resamples: int, jump: int) -> Iterator[tuple[int, int]]:
    """(i, next): the step from the grid's i-th time to its (i + 1)-th, and where to go on from.

    Places to go up from lie ``jump`` steps apart, the last one a step before the clean image,
    as in `get_schedule_jump` of the paper's code.
    """
    jump = min(jump, steps - 1)
    again = dict.fromkeys(range(1, steps - jump + 1, jump), resamples - 1) if jump else {}
    i = 0
    while i < steps:
        left = steps - i - 1
        up = again.get(left, 0) > 0
        if up:
            again[left] -= 1
        to = i + 1 - jump if up else i + 1
        yield i, to
        i = to


def _one_step(times: Times, i: int) -> Times:
    ends = slice(i, i + 2)
    return Times(times.t[ends], times.alpha[ends], times.sigma[ends], times.schedule)


def _noisier(x: Tensor, times: Times, low: int, high: int, z: Tensor) -> Tensor:
    """A draw of q(x_t | x_s) from the grid's ``low``-th time up to its ``high``-th:
    N(α_ts x_s, σ_t² − α_ts² σ_s²), α_ts = α_t/α_s (Kingma 2021, eq. 22–23)."""
    kept = float(times.alpha[high] / times.alpha[low])
    variance = float(times.sigma[high]) ** 2 - (kept * float(times.sigma[low])) ** 2
    return kept * x + math.sqrt(max(variance, 0.0)) * z
