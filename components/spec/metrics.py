"""Figures' full names: family and judge, put together and taken apart, and what they say."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from functools import cache

from components.errors import AlphabarError
from components.spec.choices import Choices
from components.spec.metric_families import FAMILIES
from components.spec.metric_family import JUDGES, Judge, MetricFamily, Need
from components.spec.plugins import installed

INCEPTION = "inception"
"""The extractor whose distances keep the published names."""

_NAMED = {
    published.name: replace(
        family,
        words=published.words or family.words,
        line=published.line or family.line,
        source=published.source or family.source,
    )
    for name, family in FAMILIES.items()
    if (published := family.published) and published.name != name
} | FAMILIES

METRICS = Choices("metrics", MetricFamily, _NAMED)
"""Every name that a figure's begins with: what Inception's are called, families, and plug-ins."""

PUBLISHED = {name: family.published.name for name, family in FAMILIES.items() if family.published}
"""Family → a figure's whole name where Inception judges."""

DRIFT = "drift"
"""The family that says how far a fine-tune's images went from its base's."""

LIKENESS = "likeness"
"""The family that says in training how well a subject is learnt."""

R_PRECISION = "r_precision"
"""The family that asks whether an image finds its caption among others."""

RANKING = next(name for name, family in FAMILIES.items() if family.ranks)
"""The family that ranks cells."""

TAKEN = tuple(name for name, family in FAMILIES.items() if JUDGES[family.judge].asked)
"""What `evaluation.metrics` names where it is left out: all of our own that it can name."""


def families_of(judge: Judge) -> list[str]:
    """Our own families that one kind of judge takes, in the order of the registry."""
    return [name for name, family in FAMILIES.items() if family.judge == judge]


def asked_of(judge: Judge, families: Collection[str]) -> list[str]:
    """Those of ``families`` that one kind of judge takes: ours in the registry's order, others."""
    plugged = [name for name in families if name not in FAMILIES and METRICS[name].judge == judge]
    return [name for name in families_of(judge) if name in families] + plugged


def needing(need: Need, families: Collection[str]) -> list[str]:
    """Those of ``families``, plug-ins' too, that cannot be taken without it."""
    return [name for name in families if need in METRICS[name].needs]


def families_in_training(select_by: str) -> list[str]:
    """What the evaluations of a training run take: cheap families, and the deciding figure's."""
    deciding = family_of(select_by)
    return [
        name
        for name, family in FAMILIES.items()
        if family.in_training or deciding in (name, PUBLISHED.get(name))
    ]


def deciding_figures() -> list[str]:
    """Our own figures of samples that have a good side, by every judge that is known by name."""
    return [
        metric_name(name, judge)
        for name, family in FAMILIES.items()
        if family.better != "neither" and family.of_samples
        for judge in family.known_judges or ("",)
    ]


def is_whole(family: str) -> bool:
    """Whether the family alone may be a figure's name: Inception's, a CLIP's or a model's own."""
    return family in PUBLISHED.values() or JUDGES[METRICS[family].judge].alone


def metric_name(family: str, judge: str) -> str:
    """A figure's full name: ``fd`` by ``dinov2`` is ``fd_dinov2``, by ``inception`` ``fid``."""
    if judge == INCEPTION and family in PUBLISHED:
        return PUBLISHED[family]
    return f"{family}_{slug(judge)}" if judge else family


def ranking_metric(extractor: str) -> str:
    """The figure that ranks cells where this extractor judges."""
    return metric_name(RANKING, extractor)


def slug(judge: str) -> str:
    """A judge's name as part of a figure's: ``clip:ViT-B-32:w.pt`` is ``clip_vit-b-32``."""
    return "_".join(judge.split(":")[:2]).lower()


def family_of(name: str) -> str | None:
    """The family of a figure's full name; None when there is none such."""
    plain = name.partition("/")[0]
    return next((f for f in _longest_first() if plain == f or plain.startswith(f"{f}_")), None)


@cache
def _longest_first() -> list[str]:
    return sorted({*METRICS.own, *installed("metrics")}, key=len, reverse=True)


def judge_of(name: str) -> str:
    """What stands behind the family in a figure's full name; may be empty."""
    family = family_of(name)
    return name.removeprefix(family).strip("_") if family else ""


def tells_of_a_subject(name: str) -> bool:
    """Whether evaluations take a figure while a subject is learnt, by its full name."""
    family = family_of(name)
    return family is not None and METRICS[family].judge in ("subject", "level")


def lower_is_better(name: str) -> bool:
    """A figure's direction.

    Raises:
        AlphabarError: nobody knows whether a low or a high one is good.
    """
    family = family_of(name)
    if family is None or METRICS[family].better == "neither":
        known = [f for f, metric in METRICS.items() if metric.better != "neither"]
        raise AlphabarError(
            f"nobody knows whether a high or a low `{name}` is good",
            f"choose a figure of {', '.join(known)}",
        )
    return METRICS[family].better == "lower"


def sampled(names: Mapping[str, object]) -> list[str]:
    """Those names of figures that are of samples, not of a network alone."""
    return [n for n in names if not ((f := family_of(n)) and not METRICS[f].of_samples)]
