"""What families cannot do without, and what is missing where they are asked for all the same."""

from collections.abc import Collection

from components.errors import AlphabarError
from components.evaluation.protocol import EvaluationProtocol
from components.spec.catalogue.evaluation import extractor_of
from components.spec.metric_family import Need
from components.spec.metrics import METRICS, asked_of, metric_name

REMEDIES: dict[Need, str] = {"real images": "--reference", "training images": "--training"}
"""Sets of images that may be unknown → the option that says where they are."""


_OF_THE_TUNED: Need = "base images"
"""What only a fine-tune's samples have beside them: those of its base. Families that need it are no
figures of other images, which lack nothing."""


def needs_are_met(family: str, extractor: str, known: Collection[Need]) -> bool:
    """Whether a family has all that it says it needs.

    Args:
        extractor: who judges.
        known: the sets of images that there are.
    """
    judge = extractor_of(extractor)
    met = {*known, *(["clip extractor"] if judge is not None and judge.clip else [])}
    return met.issuperset(METRICS[family].needs)


def refuse_missing(
    protocol: EvaluationProtocol, figures: Collection[str], known: Collection[Need]
) -> None:
    """Refuse a judgement without a family that the file demands of an extractor.

    Args:
        figures: names of those that were taken.
        known: the sets of images that there are.

    Raises:
        AlphabarError: a family has no figure by any of the extractors.
    """
    for family in asked_of("extractor", protocol.families) if protocol.demanded else ():
        if any(metric_name(family, name) in figures for name in protocol.extractors):
            continue
        if _OF_THE_TUNED in METRICS[family].needs and _OF_THE_TUNED not in known:
            continue
        what = f"`{family}` is asked for and cannot be measured"
        for need, option in REMEDIES.items():
            if need in METRICS[family].needs and need not in known:
                raise AlphabarError(
                    f"{what}: the {need} are not known",
                    f"say where they are with `{option}`, or do not ask for it",
                )
        raise AlphabarError(f"{what} of these images", "do not ask for it")
