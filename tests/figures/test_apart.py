"""Rows that were measured against another holdout are compared with each other."""

from dataclasses import replace

from components.figures.apart import standings_apart
from components.figures.figure import Figure
from components.figures.standing import BEST, UNLIKE, WORSE
from tests.figures.test_standing import FD, alone, figure


def elsewhere(figure: Figure, **parts: object) -> Figure:
    """The figure by another protocol."""
    protocol = replace(figure.protocol, **(parts or {"reference_key": "f" * 64}))  # type: ignore[arg-type]
    return replace(figure, protocol=protocol)


def test_two_of_another_holdout_are_compared_with_each_other_and_say_so() -> None:
    ours = [figure(100, 0), figure(103, 1)]
    theirs = [elsewhere(figure(80, 2)), elsewhere(figure(60, 3))]
    found = standings_apart([{FD: f} for f in (*ours, *theirs)], FD, 0)
    assert [each.kind for each in found] == [BEST, WORSE, WORSE, BEST]
    assert found[1].words == WORSE
    base, tuned = found[2:]
    assert (base.words, base.against) == ("other holdout: worse than the best there", 3)
    assert tuned.words == "other holdout: best there"
    assert base.paired
    assert base.difference is not None
    assert base.difference.value == 20


def test_one_alone_says_what_differs_in_its_protocol() -> None:
    for parts, words in (
        ({"n_generated": 9}, "other number of images: not comparable"),
        ({"settings": {"k": 3}}, "other settings of the metric: not comparable"),
        ({"resize": "96px"}, "other resizing: not comparable"),
    ):
        other = elsewhere(alone(figure(90, 1)), **parts)
        found = standings_apart([{FD: figure(100, 0)}, {FD: other}], FD, 0)
        assert (found[1].kind, found[1].words) == (UNLIKE, words)
