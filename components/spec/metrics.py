"""Every metric family: its name, which way is better, and where it comes from.

The one place that knows a metric's direction. A figure's full name is its family and, where a
network judges, that network: ``fd_efficientnet_lite0``, ``precision_dinov2``,
``clip_score_domain``. ``fid`` and ``kid`` are only ever the Inception network's with
clean-fid's resize.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from components.errors import AlphabarError

Direction = Literal["lower", "higher", "neither"]

PROTOCOL = (
    "extractor",
    "resize",
    "reference",
    "data_hash",
    "reference_key",
    "n_generated",
    "n_reference",
    "confidence",
    "settings",
)
"""What the records of two figures must share for the figures to be comparable.

The seed is not among them, nor `INTERVAL`: another method gives the same value another interval.
"""

INTERVAL = "interval"
"""How a record's interval was made; two figures are paired only where it agrees, since
pseudo-values belong to it."""

INCEPTION = "inception"
"""The extractor whose distances keep the published names."""


@dataclass(frozen=True)
class Metric:
    """One family of figures.

    Attributes:
        words: what tables and plots call it.
        better: which way is better; ``neither`` for figures that have no good side.
        line: what it says.
        source: author and year.
        share: whether it lies in [0, 1] and is shown in per cent.
        of_network: whether it is a network's, whatever sampler draws.
    """

    words: str
    better: Direction
    line: str
    source: str
    share: bool = False
    of_network: bool = False


METRICS: dict[str, Metric] = {
    "fid": Metric("FID", "lower", "Fréchet distance of Inception features", "Heusel et al. 2017"),
    "fid_infinity": Metric(
        "FID∞", "lower", "FID extrapolated to endless images", "Chong, Forsyth 2020"
    ),
    "kid": Metric(
        "KID", "lower", "unbiased kernel distance of Inception features", "Bińkowski et al. 2018"
    ),
    "kid_subsets": Metric(
        "KID over subsets", "lower", "KID as clean-fid takes it", "Parmar et al. 2022"
    ),
    "fd": Metric(
        "Fréchet distance", "lower", "distance of two sets seen as Gaussians", "Heusel et al. 2017"
    ),
    "fd_infinity": Metric(
        "Fréchet distance∞", "lower", "extrapolated to endless images", "Chong, Forsyth 2020"
    ),
    "kd": Metric(
        "kernel distance", "lower", "KID's statistic over all pairs", "Bińkowski et al. 2018"
    ),
    "kd_subsets": Metric(
        "kernel distance over subsets", "lower", "as clean-fid takes KID", "Parmar et al. 2022"
    ),
    "cmmd": Metric("CMMD", "lower", "kernel distance of CLIP embeddings", "Jayasumana et al. 2024"),
    "precision": Metric(
        "precision",
        "higher",
        "share of generated images within the real ones",
        "Kynkäänniemi et al. 2019",
        share=True,
    ),
    "recall": Metric(
        "recall",
        "higher",
        "share of real images within the generated ones",
        "Kynkäänniemi et al. 2019",
        share=True,
    ),
    "density": Metric(
        "density", "higher", "real images' balls that hold a generated one", "Naeem et al. 2020"
    ),
    "coverage": Metric(
        "coverage",
        "higher",
        "share of real images with a generated one near",
        "Naeem et al. 2020",
        share=True,
    ),
    "authenticity": Metric(
        "authenticity",
        "higher",
        "share of images that are no copies of training images",
        "Alaa et al. 2022",
        share=True,
    ),
    "neighbour_ratio": Metric(
        "nearest-training ratio",
        "neither",
        "median distance to the nearest training image over that one's own",
        "after Alaa et al. 2022",
    ),
    "inception_score": Metric(
        "Inception Score", "higher", "clear and many classes", "Salimans et al. 2016"
    ),
    "vendi": Metric(
        "Vendi score",
        "higher",
        "how many images it is worth",
        "Friedman, Dieng 2023",
    ),
    "clip_score": Metric(
        "CLIP score", "higher", "100 times the cosine of image and caption", "Hessel et al. 2021"
    ),
    "clip_cosine": Metric(
        "CLIP cosine", "higher", "cosine of image and caption, not cut at 0", "Radford et al. 2021"
    ),
    "r_precision": Metric(
        "CLIP R-precision",
        "higher",
        "share of images that find their caption among 100",
        "Park et al. 2021",
        share=True,
    ),
    "recognised": Metric(
        "recognised",
        "higher",
        "share that a classifier of real images recognises",
        "Ravuri, Vinyals 2019",
        share=True,
    ),
    "retrieval": Metric(
        "retrieval", "higher", "share of real images that find their caption", "", share=True
    ),
    "elbo_bpd": Metric(
        "variational bound in bits per dimension",
        "lower",
        "what the network knows of the holdout",
        "Ho, Jain, Abbeel 2020",
        of_network=True,
    ),
}

CLIP_FAMILIES = frozenset({"clip_score", "clip_cosine", "r_precision"})
"""Families that are judged by the model of `evaluation.clip`."""

MetricFamily = Literal[
    "fd",
    "fd_infinity",
    "kd",
    "kd_subsets",
    "cmmd",
    "precision",
    "recall",
    "density",
    "coverage",
    "authenticity",
    "neighbour_ratio",
    "inception_score",
    "vendi",
    "clip_score",
    "clip_cosine",
    "r_precision",
]
"""What `evaluation.metrics` can name. Extractors give the published names where they apply."""

TAKEN: tuple[MetricFamily, ...] = get_args(MetricFamily)


_LONGEST_FIRST = sorted(METRICS, key=len, reverse=True)
_PUBLISHED = {"fd": "fid", "fd_infinity": "fid_infinity", "kd": "kid", "kd_subsets": "kid_subsets"}


def metric_name(family: str, judge: str) -> str:
    """A figure's full name: ``fd`` by ``dinov2`` is ``fd_dinov2``, by ``inception`` ``fid``."""
    if judge == INCEPTION:
        if family in _PUBLISHED:
            return _PUBLISHED[family]
        if family == "inception_score":
            return family
    return f"{family}_{slug(judge)}"


def protocol_of(record: Mapping[str, Any]) -> dict[str, Any]:
    """What a figure's record holds of `PROTOCOL`; None where it holds nothing."""
    return {name: record.get(name) or None for name in PROTOCOL}


def slug(judge: str) -> str:
    """A judge's name as part of a figure's: ``clip:ViT-B-32:w.pt`` is ``clip_vit-b-32``."""
    return "_".join(judge.split(":")[:2]).lower()


def family_of(name: str) -> str | None:
    """The family of a figure's full name; None when there is none such."""
    plain = name.partition("/")[0]
    return next((f for f in _LONGEST_FIRST if plain == f or plain.startswith(f"{f}_")), None)


def judge_of(name: str) -> str:
    """What stands behind the family in a figure's full name; may be empty."""
    family = family_of(name)
    return name.removeprefix(family).strip("_") if family else ""


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
    return [n for n in names if not ((f := family_of(n)) and METRICS[f].of_network)]
