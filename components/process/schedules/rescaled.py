"""Wrappers of discrete schedules: another SNR from the same curve."""

from torch import Tensor

from components.process.schedules.discrete import discrete
from components.process.schedules.schedule import Schedule


def zero_terminal_snr(schedule: Schedule) -> Schedule:
    """√ᾱ shifted and scaled so that the last is 0 and the first as it was (Lin 2023, alg. 1).

    Where the last is 0 already nothing changes. There ε says nothing about x0: networks must
    predict x0, v or the flow.

    Raises:
        ValueError: the schedule is continuous.
    """
    roots = _table(schedule).sqrt()
    roots = (roots - roots[-1]) * (roots[0] / (roots[0] - roots[-1]))
    return discrete(schedule.name, roots**2)


def snr_shift(schedule: Schedule, shift: float) -> Schedule:
    """SNR divided by shift²: more noise at each time, as larger images need it.

    An image of ``shift`` times the side keeps the same SNR when it is averaged down to the
    smaller one (Hoogeboom, Heek, Salimans 2023, section 3.1).

    Raises:
        ValueError: the schedule is continuous.
    """
    bars = _table(schedule)
    return discrete(schedule.name, bars / (bars + shift**2 * (1 - bars)))


def _table(schedule: Schedule) -> Tensor:
    if schedule.alphas_cumprod is None:
        raise ValueError(
            "it is continuous: it has no table to be rescaled (`zero_terminal_snr`) or shifted "
            "(`snr_shift`), and would have to do that itself"
        )
    return schedule.alphas_cumprod
