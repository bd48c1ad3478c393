"""What a study says of a registered version: its win rate, once it is known which side it is."""

from collections.abc import Mapping
from pathlib import Path

from components.errors import AlphabarError
from components.figures.win_rate import WinRate
from components.preference.analysis import analyse
from components.preference.models import Side, read_models
from components.spec.keys import digest
from components.spec.record_tags import SAMPLED_WITH, STAGE_KEY

KEY_FILE, ANSWERS = "key.csv", "results"


def read_study(folder: Path, who: str, tags: Mapping[str, str]) -> WinRate:
    """The win rate that a study gives to a registered version.

    Args:
        folder: the annotators' CSV files, with the study's key.csv in the folder above; or the
            study's own folder, with key.csv in it and the answers in ``results/``.
        who: the version, for messages.
        tags: the version's, which say what trained it and how its images were sampled.

    Raises:
        AlphabarError: a file is missing or not of its kind, or the version is not one of the
            study's two models.
    """
    given = folder
    if (folder / KEY_FILE).is_file():
        folder = folder / ANSWERS
    key, answers = folder.parent / KEY_FILE, sorted(folder.glob("*.csv"))
    if not key.is_file() or not answers:
        missing = f"answers (*.csv) in {folder}" if key.is_file() else f"{key}"
        raise AlphabarError(
            f"the study {given} has no {missing}",
            "put the annotators' responses.csv files into STUDY/results, beside STUDY/key.csv, "
            "and give --study STUDY/results",
        )
    side = _side(folder.parent, who, tags)
    found = analyse(answers, key)
    choices = found.wins + found.losses
    rate = WinRate(
        found.rate, found.low, found.high, found.confidence, choices, without=found.without
    )
    return rate.of_baseline() if side == "baseline" else rate


def _side(study: Path, who: str, tags: Mapping[str, str]) -> str:
    """Which of the study's two models the version with these tags is; raises AlphabarError."""
    sides, trained = read_models(study), tags.get(STAGE_KEY)
    if trained is None:
        raise AlphabarError(
            f"{who} does not say which training it is of (tag {STAGE_KEY}), so nobody knows "
            f"whether the study in {study} is about it",
            "register it with `alphabar run`, or promote it without --study",
        )
    found = [
        name
        for name, side in sides.items()
        if side and (side.model, digest(dict(side.sampling))) == (trained, tags[SAMPLED_WITH])
    ]
    if len(found) == 1:
        return found[0]
    shown = ", ".join(f"{name}: {_named(side)}" for name, side in sides.items())
    trouble = "both models of" if found else "neither of the two models of"
    raise AlphabarError(
        f"{who} is {trouble} the study in {study}, so its win rate is not known ({shown}; the "
        f"version: model {trained[:12]})",
        "give a study of which one side is that version, sampled with its own settings: "
        "`study` in its experiment file, or `alphabar study export` of two published `sample` "
        "folders of the store",
    )


def _named(side: Side | None) -> str:
    return f"model {side.model[:12]}, sample {side.sample[:12]}" if side else "not recorded"
