"""What the answers to a study say: how often the fine-tuned model was preferred."""

import io
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from components.errors import AlphabarError
from components.figures.statistics.intervals import share_interval
from components.files.manifest import intact
from components.files.tables import MOST_BYTES, csv_rows
from components.files.text_file import read_text
from components.preference.statistics.crossed import Interval
from components.preference.statistics.win_rate import crossed_rate

MODELS = ("baseline", "finetuned")
NO_PREFERENCE = "none"
CHOICES = ("left", "right", NO_PREFERENCE)


@dataclass(frozen=True)
class Person:
    """What one person answered.

    Attributes:
        wins, losses, ties: choices for the fine-tuned model, for the baseline, for neither.
        rate, low, high: wins / (wins + losses) with Wilson's interval, which is about this
            person and other pairs; None when neither model was preferred.
    """

    name: str
    wins: int
    losses: int
    ties: int
    rate: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Preference:
    """The study's result.

    Attributes:
        wins: choices for the fine-tuned model.
        losses: choices for the baseline.
        ties: choices of no preference; not in the rate.
        people: each person's own answers, in the order of their names.
        pairs: about how many pairs anybody preferred one model.
        rate: wins / (wins + losses); None when nobody preferred either.
        low, high: the rate's interval, about other people and other pairs
            (`statistics.win_rate.crossed_rate`); None where it cannot be had.
        p_value: of a rate of one half, by the same test; None with the interval.
        without: why there is no interval; empty where there is one.
        notes: what else is to be known of the answers.
        confidence: between 0 and 1.
    """

    wins: int
    losses: int
    ties: int
    people: tuple[Person, ...]
    pairs: int
    rate: float | None
    low: float | None
    high: float | None
    p_value: float | None
    without: str
    notes: tuple[str, ...]
    confidence: float


Answers = dict[tuple[str, str], str]
"""(person, pair) → ``baseline``, ``finetuned`` or ``none``."""


def analyse(responses: Sequence[Path], key: Path, confidence: float = 0.95) -> Preference:
    """The win rate of the fine-tuned model from downloaded answers and the study's key.

    Args:
        responses: one `responses.csv` or several; the same file of one person counts once only.
        key: the study's `key.csv`.
        confidence: of the interval.

    Raises:
        AlphabarError: a file is missing, empty or not of its kind, a pair is not in the key, a
            choice is unknown, or somebody answered a pair twice.
    """
    answers, seconds = _answers(responses, key)
    people = tuple(
        _person(name, [chosen for (who, _), chosen in answers.items() if who == name], confidence)
        for name in sorted({who for who, _ in answers})
    )
    wins, losses, ties = (
        sum(getattr(person, part) for person in people) for part in ("wins", "losses", "ties")
    )
    decided = {where: chosen for where, chosen in answers.items() if chosen != NO_PREFERENCE}
    pairs = len({pair for _, pair in decided})
    without = _without(len({who for who, _ in decided}), pairs)
    interval, p_value = (None, None) if without else _rate(decided, confidence)
    return Preference(
        wins,
        losses,
        ties,
        people,
        pairs,
        wins / (wins + losses) if decided else None,
        interval.low if interval else None,
        interval.high if interval else None,
        p_value,
        without,
        tuple(_copied(answers, seconds)),
        confidence,
    )


def _answers(responses: Sequence[Path], key: Path) -> tuple[Answers, dict[tuple[str, str], str]]:
    """What was answered, and how long each answer took."""
    sides = _read_key(key)
    answers: Answers = {}
    seconds = {}
    for path in responses:
        kind = "a study's responses.csv"
        for row in _read(path, ("pair", "choice", "annotator", "seconds"), kind):
            _check(row, sides, answers, path, key)
            where, chosen = (row["annotator"].strip(), row["pair"]), row["choice"]
            answers[where] = chosen if chosen == NO_PREFERENCE else sides[row["pair"]][chosen]
            seconds[where] = row["seconds"]
    return answers, seconds


def _person(name: str, chosen: Sequence[str], confidence: float) -> Person:
    wins, losses, ties = (chosen.count(which) for which in ("finetuned", "baseline", NO_PREFERENCE))
    if wins + losses == 0:
        return Person(name, wins, losses, ties, None, None, None)
    share = share_interval(wins, wins + losses, confidence)
    return Person(name, wins, losses, ties, share.value, share.low, share.high)


def _without(people: int, pairs: int) -> str:
    """Why there is no interval; empty where there is one."""
    if people == 0:
        return "nobody preferred either model"
    if people == 1:
        return "one person preferred either model, which says nothing about other people"
    return "either model was preferred in one pair only" if pairs == 1 else ""


def _rate(decided: Mapping[tuple[str, str], str], confidence: float) -> tuple[Interval, float]:
    """The rate's interval over people and pairs, and the p-value of one half."""
    person, pair = (
        np.unique([where[place] for where in decided], return_inverse=True)[1] for place in (0, 1)
    )
    won = np.array([chosen == "finetuned" for chosen in decided.values()], np.float64)
    return crossed_rate(won, person, pair, confidence)


def _copied(answers: Answers, seconds: Mapping[tuple[str, str], str]) -> list[str]:
    """A sentence where the answers of several names are the same to the tenth of a second."""
    named: dict[tuple[tuple[str, str, str], ...], list[str]] = {}
    for who in sorted({name for name, _ in answers}):
        own = sorted((p, c, seconds[n, p]) for (n, p), c in answers.items() if n == who)
        named.setdefault(tuple(own), []).append(who)
    return [
        f"{', '.join(names)} gave the same answers in the same seconds: perhaps one file under "
        "several names"
        for own, names in named.items()
        if len(names) > 1 and len(own) > 1
    ]


def _read_key(path: Path) -> dict[str, dict[str, str]]:
    sides = {}
    for row in _read(intact(path), ("pair", "left", "right"), "a study's key.csv"):
        if sorted((row["left"], row["right"])) != sorted(MODELS):
            raise AlphabarError(
                f"{path}: pair {row['pair']} is not between baseline and finetuned",
                "give the key.csv that the study stage wrote",
            )
        sides[row["pair"]] = {"left": row["left"], "right": row["right"]}
    return sides


def _check(
    row: dict[str, str],
    sides: dict[str, dict[str, str]],
    seen: Container[tuple[str, str]],
    path: Path,
    key: Path,
) -> None:
    pair, choice, annotator = row["pair"], row["choice"], row["annotator"].strip()
    if not annotator:
        raise AlphabarError(
            f"{path}: the answer for pair {pair} has no annotator's name",
            "write the name of who answered into the column `annotator`",
        )
    if pair not in sides:
        raise AlphabarError(
            f"{path}: pair {pair} is not in {key}", "give the key of the study that was answered"
        )
    if choice not in CHOICES:
        raise AlphabarError(
            f"{path}: the choice for pair {pair} is {choice!r}", f"use one of {', '.join(CHOICES)}"
        )
    if (annotator, pair) in seen:
        raise AlphabarError(
            f"{path}: {annotator} answered pair {pair} twice",
            "give each person's file once, and tell people of one name apart",
        )


def _read(path: Path, columns: tuple[str, ...], kind: str) -> list[dict[str, str]]:
    """The rows of a table; raises AlphabarError when it is not of its kind or has none."""
    text = read_text(path, most=MOST_BYTES, remedy=f"give {kind}")
    if not text.strip():
        raise AlphabarError(f"{path} is empty", f"give {kind}")
    try:
        rows = list(csv_rows(io.StringIO(text, newline="")))
    except ValueError as error:
        raise AlphabarError(f"{path} is broken: {error}", f"give {kind}") from error
    if not rows:
        raise AlphabarError(f"{path} has a header and no rows", f"give {kind} that is whole")
    if any(column not in rows[0] for column in columns):
        raise AlphabarError(f"{path} has not the columns {', '.join(columns)}", f"give {kind}")
    return rows
