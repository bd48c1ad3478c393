"""The function behind every family of figures: one registry.

A new figure is one function and one line here, and one entry in `components.spec.metric_families`,
whose ``judge`` says what the function is given: a `View`, a `CaptionView`, a `PreferenceView`, a
`Recognition`, a `ModelView` or a `ScorerView`.
"""

from collections.abc import Callable, Mapping
from typing import Any

from components.errors import AlphabarError
from components.evaluation.captions import CaptionView
from components.evaluation.finding import Finding
from components.evaluation.metrics.authenticity import authenticity, neighbour_ratio
from components.evaluation.metrics.clip_score import clip_cosine_estimate, clip_score_estimate
from components.evaluation.metrics.cmmd import cmmd_estimate
from components.evaluation.metrics.drift import feature_drift
from components.evaluation.metrics.fd_infinity import fd_infinity
from components.evaluation.metrics.inception_score import SPLITS
from components.evaluation.metrics.r_precision import clip_r_precision
from components.evaluation.metrics.retrieval import retrieval
from components.evaluation.model_view import ModelView
from components.evaluation.preferences.scores import PreferenceView
from components.evaluation.recognition import Recognition
from components.evaluation.scorer_view import ScorerView
from components.evaluation.view import SEED, View
from components.figures.protocol import CAPTIONS, NOTHING
from components.figures.statistics.measured import Measured
from components.figures.statistics.per_image import mean_of_images
from components.spec.catalogue.evaluation import extractor_of
from components.spec.metrics import METRICS

Family = Callable[[Any], Finding | None]
"""Of the view that its kind of judge has; None where it does not apply: no classes, no training
images."""


def _fd(view: View) -> Finding:
    return _to_reference(view, view.frechet.measured)


def _fd_infinity(view: View) -> Finding:
    measured = fd_infinity(
        view.generated.values,
        view.holdout,
        view.confidence,
        SEED,
        view.frechet,
        view.lesser_frechet,
    )
    return _to_reference(view, measured, seed=SEED)


def _kd(view: View) -> Finding:
    return _to_reference(view, view.kernel)


def _kd_subsets(view: View) -> Finding:
    found = view.kernel_of_subsets.over_subsets
    return _to_reference(view, found.measured, seed=SEED, subsets=found.subsets, size=found.size)


def _cmmd(view: View) -> Finding | None:
    seen_by = extractor_of(view.extractor)
    if seen_by is None or not seen_by.clip:
        return None
    measured = cmmd_estimate(view.generated.values, view.real.values, view.confidence)
    return _to_reference(view, measured)


def _overlap(part: str) -> Callable[[View], Finding]:
    def family(view: View) -> Finding:
        measured: Measured = getattr(view.overlap, part)
        return _to_reference(view, measured, k=view.neighbours)

    return family


def _authenticity(view: View) -> Finding | None:
    if view.copies is None:
        return None
    return _to_training(view, authenticity(view.copies, view.confidence))


def _neighbour_ratio(view: View) -> Finding | None:
    if view.copies is None:
        return None
    return _to_training(view, neighbour_ratio(view.copies, view.confidence))


def _drift(view: View) -> Finding:
    assert view.base is not None, "the judge takes it where there are images of the base alone"
    return Finding(
        feature_drift(view.generated.values, view.base.values, view.confidence),
        "base",
        len(view.base.values),
    )


def _inception_score(view: View) -> Finding | None:
    if view.inception_score is None:
        return None
    return Finding(view.inception_score, NOTHING, 0, {"splits": SPLITS, "seed": SEED})


def _vendi(view: View) -> Finding:
    return Finding(view.vendi, NOTHING, 0)


def _to_reference(view: View, measured: Measured, **settings: Any) -> Finding:
    return Finding(measured, "reference", len(view.real.values), settings)


def _to_training(view: View, measured: Measured) -> Finding:
    assert view.training is not None
    settings = {} if view.mirrored is None else {"mirrored copies": "too"}
    return Finding(measured, "training", len(view.training.values), settings)


def _clip_score(view: CaptionView) -> Finding:
    measured = clip_score_estimate(view.images, view.own, view.confidence)
    return Finding(measured, CAPTIONS, len(view.distinct), view.told)


def _clip_cosine(view: CaptionView) -> Finding:
    measured = clip_cosine_estimate(view.images, view.own, view.confidence)
    return Finding(measured, CAPTIONS, len(view.distinct), view.told)


def _r_precision(view: CaptionView) -> Finding:
    if len(view.distinct) < 2:
        raise AlphabarError(
            "one caption leaves nothing to choose from", "ask for images by several captions"
        )
    found = clip_r_precision(view.images, view.distinct, view.caption_of, SEED, view.confidence)
    settings = {"candidates": found.candidates, "seed": SEED, **view.told}
    return Finding(found.measured, CAPTIONS, len(view.distinct), settings, found.chance)


def _preference_score(view: PreferenceView) -> Finding:
    measured = mean_of_images(view.scores, view.confidence)
    return Finding(measured, CAPTIONS, view.captions, view.told)


def _retrieval(view: ScorerView) -> Finding:
    found = retrieval(view.images, view.distinct, view.caption_of, view.seed, view.confidence)
    return Finding(found.measured, CAPTIONS, found.candidates, chance=found.chance)


def _recognised(view: Recognition) -> Finding:
    recogniser = view.recogniser()
    share = recogniser.share(view.images.array(), view.images.classes, view.confidence)
    return Finding(share, "training", view.n_training, accuracy=recogniser.accuracy.value)


def _elbo_bpd(view: ModelView) -> Finding:
    bits = view.bits()
    return Finding(mean_of_images(bits, view.confidence), "holdout", len(bits))


MEASURES: dict[str, Family] = {
    "fd": _fd,
    "fd_infinity": _fd_infinity,
    "kd": _kd,
    "kd_subsets": _kd_subsets,
    "cmmd": _cmmd,
    "precision": _overlap("precision"),
    "recall": _overlap("recall"),
    "density": _overlap("density"),
    "coverage": _overlap("coverage"),
    "authenticity": _authenticity,
    "neighbour_ratio": _neighbour_ratio,
    "drift": _drift,
    "inception_score": _inception_score,
    "vendi": _vendi,
    "clip_score": _clip_score,
    "clip_cosine": _clip_cosine,
    "r_precision": _r_precision,
    "preference_score": _preference_score,
    "recognised": _recognised,
    "retrieval": _retrieval,
    "elbo_bpd": _elbo_bpd,
}


def measure_of(family: str, options: Mapping[str, Mapping[str, Any]]) -> Family:
    """The function of a family, our own or a plug-in's.

    Args:
        options: family of a plug-in → what it reads.
    """
    own = {"options": options.get(family, {})}
    return METRICS.function(family, own) or MEASURES[family]
