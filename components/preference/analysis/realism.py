"""Real or generated: how often people err, as dgm-eval reports it (Stein et al., 2023)."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from components.figures.study_figures import COUNTED, Finding, View
from components.preference.analysis.made import at, of_interval, of_values
from components.preference.analysis.preferred import Settings
from components.preference.design.size import REAL
from components.preference.statistics.choices import Choices, Flags, Floats, Outcome
from components.preference.statistics.crossed import (
    crossed_variance,
    crossed_weights,
    percentile,
    student,
)

NONE_SHOWN = "nobody judged such an image"


def errors(
    choices: Choices, question: str, models: Sequence[str], settings: Settings, view: View
) -> list[Finding]:
    """Hits (real images called real), and of each model false alarms (its images called real) and
    the error rate, which is the mean of misses and false alarms.

    One half is what guessing reaches. All intervals are about other people and other images.

    Args:
        choices: of the question.
    """
    shown = choices.shown()
    called = (shown.outcome == Outcome.LEFT).astype(np.float64)
    real = shown.left == at(shown, REAL)
    of: dict[str, Any] = {"question": question, "view": view}
    found = [_share("hits", shown, called, real, settings.confidence, **of, model=REAL)]
    for model in models:
        made = shown.left == at(shown, model)
        alarms = _share("false_alarms", shown, called, made, settings.confidence, **of, model=model)
        found += [alarms, *_error(shown, called, (real, made), settings, **of, model=model)]
    return found


def _share(
    name: str, shown: Choices, called: Floats, those: Flags, confidence: float, **of: Any
) -> Finding:
    person, pair = shown.person[those], shown.pair[those]
    return of_values(name, called[those], person, pair, confidence, NONE_SHOWN, **of)


def _error(
    shown: Choices, called: Floats, sides: tuple[Flags, Flags], settings: Settings, **of: Any
) -> list[Finding]:
    real, made = sides
    if not real.any() or not made.any():
        return [Finding("error_rate", note="real images and the model's are both needed", **of)]
    wrong = np.where(real, 1 - called, called)
    either = real | made
    weights = np.where(real, 0.5 / real.sum(), 0.5 / made.sum())[either]
    wrong, person, image = wrong[either], shown.person[either], shown.pair[either]
    means = np.where(real, wrong_mean(called, real), wrong_mean(called, made, real=False))[either]
    value, n = float((weights * wrong).sum()), int(either.sum())
    influence = weights * (wrong - means)
    floor = float((influence**2).sum())
    try:
        variance = crossed_variance(influence, person, image, lean=value - 0.5, floor=floor)
    except ValueError:
        return [Finding("error_rate", value=value, answers=n, note="no interval: one person", **of)]
    interval = student(value, variance, settings.confidence, within=(0.0, 1.0))
    found = [of_interval("error_rate", interval, n, **of)]
    if settings.draws and of["view"] == COUNTED:
        drawn = [
            _balanced(chunk, wrong, real[either])
            for chunk in crossed_weights(person, image, settings.draws, settings.seed)
        ]
        bootstrap = percentile(value, np.concatenate(drawn), settings.confidence)
        found.append(of_interval("error_rate_bootstrap", bootstrap, n, **of))
    return found


def wrong_mean(called: Floats, those: Flags, *, real: bool = True) -> float:
    """How often those images were called what they are not."""
    share = float(called[those].mean())
    return 1 - share if real else share


def _balanced(weights: Floats, wrong: Floats, real: Flags) -> Floats:
    """(draws,) the mean of both error rates in studies drawn again; NaN where one has neither."""
    rates = []
    for those in (real, ~real):
        total = weights[:, those].sum(axis=1)
        share = np.full(len(total), np.nan)
        rates.append(np.divide(weights[:, those] @ wrong[those], total, out=share, where=total > 0))
    mean: Floats = (rates[0] + rates[1]) / 2
    return mean
