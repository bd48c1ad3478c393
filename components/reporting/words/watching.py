"""What became of evaluations and captions while a network trained, in a sentence for the reader."""

from collections.abc import Iterable, Mapping
from typing import Any

from components.spec.catalogue.dpo import decided_by
from components.training.history import NOT_FINITE
from components.training.stopwatch import evaluations_share


def remarks(figures: Mapping[str, Any]) -> str:
    """What a reader must know of a run: who decided what it was trained on, evaluations that were
    missed, captions that were cut.

    Args:
        figures: metrics.json of a ``train/`` or ``finetune/`` directory.
    """
    parts = filter(None, _said(figures))
    return "; ".join(parts)


def time_taken(runs: Iterable[Mapping[str, float]]) -> str:
    """Which share of the time of training runs their evaluations took; empty where none did.

    Args:
        runs: each one's seconds by part, as `components.training.stopwatch` reads them.
    """
    shares = sorted(share for run in runs if (share := evaluations_share(run)) is not None)
    if not shares:
        return ""
    least, most = (f"{100 * share:.2g} %" for share in (shares[0], shares[-1]))
    return (
        f"evaluations took {least if least == most else f'{least} to {most}'} of the training time"
    )


def _said(figures: Mapping[str, Any]) -> tuple[str, ...]:
    return decided_by(figures), _ending(figures), _missed(figures), _cut(figures)


def _ending(figures: Mapping[str, Any]) -> str:
    if not figures.get("stopped_early"):
        return ""
    how = "diverged" if "diverged_at" in figures else "stopped early"
    best = f", best at {figures['best_step']}" if "best_step" in figures else ""
    return f"{how} at step {figures['stopped_at']}{best}"


def _missed(figures: Mapping[str, Any]) -> str:
    missed: dict[str, int] = dict(figures.get("evaluations_missed", {}))
    parts = []
    if partly := missed.pop(NOT_FINITE, 0):
        parts.append(f"{_evaluations(partly)} with a figure or weight that is not finite")
    parts += [f"{_evaluations(count)} missed ({kind})" for kind, count in missed.items()]
    if parts and "best_step" not in figures:
        parts.append("none gave the figure that decides")
    return ", ".join(parts)


def _cut(figures: Mapping[str, Any]) -> str:
    count = figures.get("captions_cut", 0)
    return f"{count} captions cut at {figures['caption_tokens']} tokens" if count else ""


def _evaluations(count: int) -> str:
    return f"{count} evaluation{'s' if count > 1 else ''}"
