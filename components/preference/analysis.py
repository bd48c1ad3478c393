"""What the answers to a study say: how often the fine-tuned model was preferred."""

import csv
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from components.errors import AlphabarError
from components.evaluation.statistics.intervals import share_interval

MODELS = ("baseline", "finetuned")
CHOICES = ("left", "right", "none")


@dataclass(frozen=True)
class Preference:
    """The study's result.

    Several annotators' choices are pooled: the interval and the test take every choice as
    independent, which those of several people about one pair are not quite.

    Attributes:
        wins: choices for the fine-tuned model.
        losses: choices for the baseline.
        ties: choices of no preference; not in the rate.
        annotators: how many people answered.
        rate: wins / (wins + losses); None when nobody preferred either.
        low, high: the rate's Wilson interval at ``confidence``; None with the rate.
        p_value: of the two-sided binomial test against a rate of one half; None with the rate.
        confidence: between 0 and 1.
    """

    wins: int
    losses: int
    ties: int
    annotators: int
    rate: float | None
    low: float | None
    high: float | None
    p_value: float | None
    confidence: float


def analyse(responses: Sequence[Path], key: Path, confidence: float = 0.95) -> Preference:
    """The win rate of the fine-tuned model from downloaded answers and the study's key.

    Args:
        responses: one `responses.csv` or several; the same file of one person counts once only.
        key: the study's `key.csv`.
        confidence: of the interval.

    Raises:
        AlphabarError: a file is missing or not of its kind, a pair is not in the key, a choice
            is unknown, or somebody answered a pair twice.
    """
    sides = _read_key(key)
    seen: set[tuple[str, str]] = set()
    counts = dict.fromkeys((*MODELS, "none"), 0)
    for path in responses:
        for row in _read(
            path, ("pair", "choice", "annotator", "seconds"), "a study's responses.csv"
        ):
            _check(row, sides, seen, path, key)
            seen.add((row["annotator"], row["pair"]))
            chosen = row["choice"]
            counts[chosen if chosen == "none" else sides[row["pair"]][chosen]] += 1
    wins, losses, ties = counts["finetuned"], counts["baseline"], counts["none"]
    annotators = len({annotator for annotator, _ in seen})
    if wins + losses == 0:
        return Preference(wins, losses, ties, annotators, None, None, None, None, confidence)
    share = share_interval(wins, wins + losses, confidence)
    p_value = sign_test(wins, losses)
    return Preference(
        wins, losses, ties, annotators, share.value, share.low, share.high, p_value, confidence
    )


def sign_test(wins: int, losses: int) -> float:
    """The exact two-sided binomial test of ``wins`` against one half; at least one trial."""
    trials = wins + losses
    tail = sum(math.comb(trials, k) for k in range(min(wins, losses) + 1))
    return min(1.0, 2 * tail / (1 << trials))


def _read_key(path: Path) -> dict[str, dict[str, str]]:
    sides = {}
    for row in _read(path, ("pair", "left", "right"), "a study's key.csv"):
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
    seen: set[tuple[str, str]],
    path: Path,
    key: Path,
) -> None:
    pair, choice, annotator = row["pair"], row["choice"], row["annotator"]
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
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            rows = list(reader)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise AlphabarError(f"{path} cannot be read: {error}", f"give {kind}") from error
    missing = [column for column in columns if column not in (reader.fieldnames or ())]
    if missing or any(row[column] is None for row in rows for column in columns):
        raise AlphabarError(f"{path} has not the columns {', '.join(columns)}", f"give {kind}")
    return rows
