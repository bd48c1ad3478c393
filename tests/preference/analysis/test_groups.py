"""Win rates of groups of prompts."""

import itertools
from dataclasses import replace

import numpy as np

from components.preference.analysis.groups import of_groups
from components.preference.analysis.preferred import Settings
from components.preference.statistics.choices import Answer, Outcome, choices_of


def answers(prompt_of_pair: dict[str, str]) -> list[Answer]:
    rng = np.random.default_rng(3)
    return [
        Answer(person, pair, "old", "new", Outcome(int(rng.random() < 0.7)), "q", 3.0, prompt, g)
        for person, (pair, prompt), g in (
            (person, each, each[1][0])
            for person, each in itertools.product("abcde", prompt_of_pair.items())
        )
    ]


def test_of_a_group_of_one_prompt_the_interval_is_about_other_pairs_of_it() -> None:
    pairs = {f"{number}": "cat" if number < 8 else "dog" for number in range(16)}
    one_prompt = answers(pairs)
    apart = [replace(each, prompt=each.group + each.pair) for each in one_prompt]
    found, expected = (
        of_groups(choices_of(each).of_question("q"), "q", ("old", "new"), Settings())
        for each in (one_prompt, apart)
    )
    assert [each.group for each in found] == ["c", "d"]
    assert all(each.low is not None for each in found)
    assert found == expected
