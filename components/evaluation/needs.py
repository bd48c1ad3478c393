"""What families cannot do without, and what is missing where they are asked for all the same."""

from collections.abc import Collection

from components.errors import AlphabarError
from components.evaluation.finding import Sight
from components.evaluation.protocol import EvaluationProtocol
from components.spec.catalogue.evaluation import extractor_of
from components.spec.metrics import METRICS, asked_of, metric_name


def needs_are_met(family: str, sight: Sight, training_known: bool) -> bool:
    """Whether a family has all that it says it needs, where it is taken of ``sight``."""
    judge = extractor_of(sight.extractor)
    met = {"training images": training_known, "clip extractor": judge is not None and judge.clip}
    return all(met[need] for need in METRICS[family].needs)


def refuse_missing(
    protocol: EvaluationProtocol, figures: Collection[str], training_known: bool
) -> None:
    """Refuse a judgement without a family that the file demands of an extractor.

    Args:
        figures: names of those that were taken.

    Raises:
        AlphabarError: a family has no figure by any of the extractors.
    """
    for family in asked_of("extractor", protocol.families) if protocol.demanded else ():
        if any(metric_name(family, name) in figures for name in protocol.extractors):
            continue
        what = f"`{family}` is asked for and cannot be measured"
        if "training images" in METRICS[family].needs and not training_known:
            raise AlphabarError(
                f"{what}: the training images are not known",
                "say where they are with `--training`, or do not ask for it",
            )
        raise AlphabarError(f"{what} of these images", "do not ask for it")
