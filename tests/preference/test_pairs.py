"""Samples are shown side by side only where both were asked for the same."""

from dataclasses import replace
from pathlib import Path

import pytest

from components.errors import AlphabarError
from components.files.samples import Samples, read_samples
from components.preference.pairs import check_matched


@pytest.fixture
def both(models: dict[str, Path]) -> tuple[Samples, Samples]:
    return read_samples(models["baseline"]), read_samples(models["finetuned"])


def changed(samples: Samples, at: int, **values: object) -> Samples:
    rows = list(samples.rows)
    rows[at] = replace(rows[at], **values)  # type: ignore[arg-type]
    return Samples(samples.images, tuple(rows))


def test_samples_of_the_same_seeds_and_prompts_match(both: tuple[Samples, Samples]) -> None:
    check_matched(*both)


def test_unlike_rows_are_named(both: tuple[Samples, Samples]) -> None:
    with pytest.raises(AlphabarError, match="do not match at index 7: seed 107 against 999"):
        check_matched(both[0], changed(both[1], 7, seed=999))
    with pytest.raises(AlphabarError, match="at index 3: caption '' against 'a cat', group"):
        check_matched(both[0], changed(both[1], 3, caption="a cat", group="pets"))


def test_seeds_may_differ_where_that_is_said_and_prompts_may_not(
    both: tuple[Samples, Samples],
) -> None:
    check_matched(both[0], changed(both[1], 7, seed=999), seeds=False)
    with pytest.raises(AlphabarError, match="at index 7: label '7' against 'x'"):
        check_matched(both[0], changed(both[1], 7, label="x"), seeds=False)


def test_unlike_numbers_are_named(both: tuple[Samples, Samples]) -> None:
    fewer = Samples(both[1].images[:39], both[1].rows[:39])
    with pytest.raises(AlphabarError, match="unlike numbers of samples: 40 against 39"):
        check_matched(both[0], fewer)
