"""The win rate in each group of prompts."""

from collections.abc import Sequence

import numpy as np

from components.figures.study_figures import Finding
from components.preference.analysis.made import adjusted, at
from components.preference.analysis.preferred import Settings, of_rate
from components.preference.statistics.choices import Choices
from components.preference.statistics.win_rate import win_rate


def of_groups(
    choices: Choices, question: str, models: Sequence[str], settings: Settings
) -> list[Finding]:
    """Each candidate's win rate over the baseline by group; p-values by Holm's method over all of
    them, intervals each for itself. Nothing where there are no groups.

    Of a group of one prompt, such as a class, it is about other people and other pairs of that
    prompt.

    Args:
        choices: of the question.
    """
    groups = [name for name in choices.groups if name]
    found = []
    for candidate in models[1:]:
        for group in groups if len(groups) > 1 else ():
            own = choices.of_group(group)
            if len(np.unique(own.shown().prompt)) == 1:
                own = own.by_pair()
            ends = at(own, candidate), at(own, models[0])
            rate = win_rate(own, *ends, settings.confidence, draws=0)
            of = {"question": question, "model": candidate, "against": models[0]}
            found.append(of_rate(rate, group=group, **of))
    return adjusted(found)
