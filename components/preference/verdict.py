"""What a study says of a registered version: its win rate, once it is known which model it is."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from components.errors import AlphabarError
from components.figures.win_rate import WinRate
from components.files.manifest import MANIFEST
from components.preference.about import FILE
from components.preference.analysis.looks import look, progress
from components.preference.analysis.made import at, of_question
from components.preference.analysis.opened import Study, open_study
from components.preference.analysis.written import decided_question
from components.preference.answers.imported import import_answers
from components.preference.statistics.win_rate import win_rate
from components.spec.keys import digest
from components.spec.record_tags import SAMPLED_WITH, STAGE_KEY

CONFIDENCE = 0.95


def read_study(
    folder: Path, who: str, tags: Mapping[str, str], question: str | None = None
) -> WinRate:
    """The win rate that a study gives to a registered version, from its counted answers.

    Of a candidate it is the one over the baseline; of the baseline that over the candidate, where
    there is one candidate.

    Args:
        folder: the study's, whose answers `alphabar study import` took in.
        who: the version, for messages.
        tags: the version's, which say what trained it and how its images were sampled.
        question: whose answers count; `quality` or the only one where None.

    Raises:
        AlphabarError: a file is missing or not of its kind, the study has no such question or no
            win rates, or the version is not one of its models.
    """
    study = _pairs(folder)
    model = _model(study, who, tags)
    asked = decided_question(study.about, question)
    imported = import_answers(folder, [], study.key)
    if not imported.kept:
        raise AlphabarError(
            f"the study in {folder} has no answers",
            f"take them in: `alphabar study import {folder} FILE...`",
        )
    baseline, *candidates = study.about.models
    if model == baseline and len(candidates) > 1:
        raise AlphabarError(
            f"{who} is the baseline of a study with {len(candidates)} candidates, so it has no "
            "one win rate",
            "give a study of that version and one other model",
        )
    candidate = candidates[0] if model == baseline else model
    own = of_question(imported.counted, asked)
    ends = at(own, candidate), at(own, baseline)
    found = win_rate(own, *ends, CONFIDENCE, draws=0)
    far = progress(study, imported, peek=False)
    sofar = look(own, study.about, (candidate, baseline), CONFIDENCE).interval
    rate = WinRate(
        found.value,
        found.crossed.low if found.crossed else None,
        found.crossed.high if found.crossed else None,
        CONFIDENCE,
        found.wins + found.losses,
        candidate,
        baseline,
        asked,
        found.without,
        study.about.simulated,
        max(far.planned - far.came[asked], 0),
        (sofar.low, sofar.high),
    )
    return rate.of_other() if model == baseline else rate


def _pairs(folder: Path) -> Study:
    """The study of pairs in a folder; raises AlphabarError where it is not as it was exported."""
    study = open_study(folder)
    if (folder / FILE).is_file() and not (folder / MANIFEST).is_file():
        raise AlphabarError(
            f"{folder} has no {MANIFEST}, so nobody knows that the study is as it was exported",
            "give the folder that `alphabar study export` or a run wrote, whole",
        )
    if study.about.kind != "pairwise":
        raise AlphabarError(
            f"the study in {folder} asks about single images, so it has no win rate",
            "give a study of pairs: `alphabar study export` without `--kind realism`",
        )
    return study


def _model(study: Study, who: str, tags: Mapping[str, str]) -> str:
    """Which of the study's models the version with these tags is; raises AlphabarError."""
    trained, models = tags.get(STAGE_KEY), study.key.models
    if trained is None:
        raise AlphabarError(
            f"{who} does not say which training it is of (tag {STAGE_KEY}), so nobody knows "
            f"whether the study in {study.folder} is about it",
            "register it with `alphabar run`, or promote it without --study",
        )
    found = [
        name
        for name in study.about.models
        if _is(models.get(name, {}), trained, tags.get(SAMPLED_WITH))
    ]
    if len(found) == 1:
        return found[0]
    shown = ", ".join(f"{name}: {_named(models.get(name, {}))}" for name in study.about.models)
    several = f"{len(found)} models of" if len(found) > 2 else "both models of"
    trouble = several if found else "no model of"
    raise AlphabarError(
        f"{who} is {trouble} the study in {study.folder}, so its win rate is not known ({shown}; "
        f"the version: model {trained[:12]})",
        "give a study of which one model is that version, sampled with its own settings: "
        "`study` in its experiment file, or `alphabar study export` of two published `sample` "
        "folders of the store",
    )


def _is(model: Mapping[str, Any], trained: str, sampled: str | None) -> bool:
    sampling = model.get("sampling")
    if not isinstance(sampling, Mapping) or model.get("model") != trained:
        return False
    return digest(dict(sampling)) == sampled


def _named(model: Mapping[str, Any]) -> str:
    if not model.get("model"):
        return "not recorded"
    return f"model {str(model['model'])[:12]}, sample {str(model.get('sample'))[:12]}"
