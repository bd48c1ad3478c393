"""What was answered about each pair, and which pairs people agree on most and least."""

import numpy as np

from components.figures.study_figures import PairTally
from components.preference.design.key import Key
from components.preference.statistics.choices import Choices, Outcome

FEWEST = 2
"""Decided answers of a pair that can be contested or one-sided."""


def tallies(choices: Choices, question: str, key: Key) -> list[PairTally]:
    """Every pair's answers, in the order of their names.

    Args:
        choices: of the question.
    """
    shown = choices.shown()
    prompts = {item.pair: (item.prompt, item.group) for item in key.items.values()}
    found = []
    for pair in np.unique(shown.pair):
        own, name = shown.where(shown.pair == pair), shown.pairs[pair]
        one, other = int(own.left[0]), int(own.right[0])
        if key.kind == "pairwise":
            one, other = min(one, other), max(one, other)
        about = key.pairs.get(name)
        prompt, group = prompts[name]
        found.append(
            PairTally(
                question=question,
                pair=name,
                prompt=prompt,
                group=group,
                one=shown.models[one],
                other=shown.models[other],
                for_one=int((own.winner == one).sum()),
                for_other=int((own.winner == other).sum()),
                ties=int((own.outcome == Outcome.TIE).sum()),
                both_bad=int((own.outcome == Outcome.BOTH_BAD).sum()),
                files=dict(about.files) if about else {},
            )
        )
    return found


def contested(found: list[PairTally], most: int) -> list[PairTally]:
    """Pairs on which people are split, the most evenly and by the most answers first."""
    split = [each for each in found if each.decided >= FEWEST and abs(each.lead) < 1]
    return sorted(split, key=lambda each: (abs(each.lead), -each.decided, each.pair))[:most]


def one_sided(found: list[PairTally], most: int) -> list[PairTally]:
    """Pairs on which people agree, the most clearly and by the most answers first."""
    clear = [each for each in found if each.decided >= FEWEST and each.lead]
    return sorted(clear, key=lambda each: (-abs(each.lead), -each.decided, each.pair))[:most]
