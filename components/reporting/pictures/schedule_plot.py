"""What schedules and loss weights look like beside each other."""

from pathlib import Path

import torch
from matplotlib.axes import Axes
from torch import Tensor

from components.process.prediction import PREDICTIONS
from components.process.schedules import SCHEDULES, build_schedule
from components.process.weights import LOSS_WEIGHTS, Constants, loss_weight
from components.reporting.pictures.canvas import Plot, line_style, save_png
from components.spec.catalogue import SCHEDULES as CATALOGUE_SCHEDULES

POINTS = 1000
LIMIT = 15.0
"""Log-SNRs are shown from −LIMIT to LIMIT; some schedules go on, the straight path to infinity."""
MARKERS = 8
"""Markers a line."""


def plot_schedules(path: Path) -> None:
    """Write a PNG: each schedule's log-SNR over t, each weight on ε's squared error over log-SNR.

    The schedules are those of a ``process`` section that names nothing else; a user's table has
    no curve of its own and is left out.
    """
    save_png(path, [logsnr_of_schedules(), weights_on_eps()])


def logsnr_of_schedules() -> Plot:
    """Log-SNR against t, a line a schedule."""

    def plot(axes: Axes) -> None:
        names = [name for name in SCHEDULES if not CATALOGUE_SCHEDULES[name].needs]
        for index, name in enumerate(names):
            schedule = build_schedule({"schedule": name, "steps": 1000})
            t = torch.linspace(schedule.t_min, 1, POINTS, dtype=torch.float64)
            _line(axes, index, len(names), name, t, schedule.logsnr(t))
        axes.set_ylim(-LIMIT, LIMIT)
        axes.set_xlabel("t, from the image to noise")
        axes.set_ylabel("log-SNR, log α²/σ²")
        _legend(axes)

    return plot


def weights_on_eps() -> Plot:
    """Each loss weight, as a factor of the squared error of ε, against log-SNR.

    Plotted for a variance-preserving process and the constants of the weights' authors.
    """
    constants = Constants()

    def plot(axes: Axes) -> None:
        logsnr = torch.linspace(-LIMIT, LIMIT, POINTS, dtype=torch.float64)
        alpha, sigma = torch.sigmoid(logsnr).sqrt(), torch.sigmoid(-logsnr).sqrt()
        for index, name in enumerate(LOSS_WEIGHTS):
            weight = loss_weight(name, PREDICTIONS["eps"], alpha, sigma, constants)
            _line(axes, index, len(LOSS_WEIGHTS), name, logsnr, weight)
        axes.set_yscale("log")
        axes.set_ylim(1e-4, 1e4)
        axes.set_xlabel("log-SNR, from noise to the image")
        told = f"γ = {constants.gamma:g}, σ_data = {constants.sigma_data:g}"
        axes.set_ylabel(f"weight on the squared error of ε\n({told})")
        _legend(axes)

    return plot


def _line(axes: Axes, index: int, lines: int, name: str, x: Tensor, y: Tensor) -> None:
    stride = POINTS // MARKERS
    axes.plot(
        x.tolist(),
        y.tolist(),
        **line_style(index),
        # apart from each other, where lines lie on one another
        markevery=(stride * index // lines, stride),
        markersize=5,
        linewidth=1.6,
        label=name,
    )


def _legend(axes: Axes) -> None:
    axes.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=3, borderaxespad=0.2)
