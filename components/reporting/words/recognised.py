"""How many images a classifier recognises, in a sentence."""

from components.figures.figure import first_of
from components.figures.judgement import Figures
from components.spec.metrics import families_of, judge_of


def recognised(figures: Figures, real: str, whose: str) -> list[str]:
    """The sentence; none where no classifier judged.

    Args:
        real: what the classifier was trained on.
        whose: ``of its samples``.
    """
    name = first_of(figures, *families_of("classifier"))
    if name is None:
        return []
    classifier = judge_of(name).upper()
    accuracy = figures[name].protocol.classifier_accuracy
    own = (
        f" (it gets {100 * accuracy:.1f} % of their holdout right)" if accuracy is not None else ""
    )
    share = f"{figures[name].text()} {whose}"
    return [f"An {classifier} trained on {real} recognises {share}{own}."]
