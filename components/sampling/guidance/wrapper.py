"""Guidance as a wrapper of the denoiser, unknown to solvers."""

from collections.abc import Callable

import torch
from torch import Tensor

from components.process.one_time import is_one_time
from components.process.prediction import Prediction
from components.process.schedules import Schedule
from components.sampling.denoiser import Denoise, denoiser
from components.sampling.guidance.guidance import Guidance, Kind
from components.sampling.network import Conditioned
from components.sampling.reading import Pair, Reading


def guided(
    strong: Conditioned,
    weak: Conditioned | None,
    kind: Kind,
    guidance: Guidance,
    schedule: Schedule,
    prediction: Prediction,
    *,
    clip: bool = False,
) -> Denoise:
    """(x0, ε) of the strong prediction, pushed away from the weak one as ``kind`` does it.

    Networks give outputs, `Kind.combine` makes (x0, ε) of two outputs, and clipping comes last.
    Rows within the guidance's interval go through both networks and rows outside only through
    the strong one, wherever each row stands in time; what one network has to do is one batch.
    """
    alone = kind.alone(guidance)
    if weak is None or alone == "strong":
        return denoiser(strong, schedule, prediction, clip=clip)

    ask_both = _asking_both(strong, weak)

    def denoise(x: Tensor, t: Tensor) -> Pair:
        reading = Reading.at(x, t, schedule, prediction, clip)
        if is_one_time(t):
            if not guidance.covers(schedule.noise_level(t[:1])):
                return reading.pair(strong(reading.network_input, t))
            if alone == "weak":
                return reading.pair(weak(reading.network_input, t))
            return kind.combine(*ask_both(reading.network_input, t), reading, guidance)
        inside = guidance.covers(schedule.noise_level(t))
        asked = ~inside if alone == "weak" else torch.ones_like(inside)
        outputs = predictions(strong, weak, reading.network_input, t, asked, inside)
        if alone == "weak":
            return reading.pair(_merged(inside, outputs[1], outputs[0]))
        if not inside.any():
            return reading.pair(outputs[0])
        if inside.all():
            return kind.combine(*outputs, reading, guidance)
        pair = kind.combine(outputs[0][inside], outputs[1], reading.rows(inside), guidance)
        plain = reading.rows(~inside).pair(outputs[0][~inside])
        return _merged(inside, pair[0], plain[0]), _merged(inside, pair[1], plain[1])

    return denoise


def _asking_both(
    strong: Conditioned, weak: Conditioned
) -> Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]:
    """(x, one time of all rows) → both outputs; one batch where both are one network."""
    if strong.network != weak.network:
        return lambda x, t: (strong(x, t), weak(x, t))
    both = strong.beside(weak)

    def ask(x: Tensor, t: Tensor) -> tuple[Tensor, Tensor]:
        outputs = both(torch.cat([x, x]), t[:1].expand(2 * len(x)))
        return outputs[: len(x)], outputs[len(x) :]

    return ask


def predictions(
    strong: Conditioned,
    weak: Conditioned,
    x: Tensor,
    t: Tensor,
    ask_strong: Tensor,
    ask_weak: Tensor,
) -> tuple[Tensor, Tensor]:
    """The outputs of ``strong`` and ``weak``, each for the rows that are asked of it.

    Args:
        x: the networks' input, (batch, channel, height, width).
        ask_strong, ask_weak: (batch,), bool.

    Returns:
        (rows asked, channel, height, width) of either; one batch where both are one network.
    """
    first, second = ask_strong.nonzero()[:, 0], ask_weak.nonzero()[:, 0]
    if strong.network != weak.network:
        return _outputs(strong, x, t, first), _outputs(weak, x, t, second)
    index = torch.cat([first, second])
    own, others = (
        Conditioned(each.network, each.of(rows)) for each, rows in ((strong, first), (weak, second))
    )
    both = own.beside(others)(x[index], t[index])
    return both[: len(first)], both[len(first) :]


def _outputs(source: Conditioned, x: Tensor, t: Tensor, index: Tensor) -> Tensor:
    if len(index) == 0:
        return x[:0]
    return source.network(x[index], t[index], source.of(index))


def _merged(inside: Tensor, values: Tensor, others: Tensor) -> Tensor:
    """``values`` in the rows that are inside, ``others`` in those that are not."""
    merged = torch.empty((len(inside), *values.shape[1:]), dtype=values.dtype, device=values.device)
    merged[inside], merged[~inside] = values, others
    return merged
