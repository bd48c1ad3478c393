"""A study's figures on the registered versions that it is about, and in their runs."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from mlflow.entities.model_registry import ModelVersion

from components.errors import AlphabarError
from components.figures.study_figures import COUNTED, Finding, StudyFigures
from components.spec.keys import digest
from components.spec.record_tags import SAMPLED_WITH, STAGE_KEY
from components.tracking.runs import Tracker
from components.tracking.versions import find_version

STUDY = "study"
"""What the tags and metrics of a study begin with."""

LONGEST_PART = 60
"""Letters of a study's, a question's or a model's name in them."""


def log_study(
    tracker: Tracker, figures: StudyFigures, models: Mapping[str, Mapping[str, Any]]
) -> list[str]:
    """Write a study's rates to the versions of its models; each written one as ``NAME version N``.

    A version gets tags, of each question ``study.NAME.QUESTION.win_rate`` (of `realism`
    ``error_rate``) and beside it ``.low``, ``.high``, ``.n``, ``.against``, ``.interval``,
    ``.simulated`` and ``.finished``; its run a metric for each model and question. Nothing is
    written of what a study does not tell yet. Tags of an earlier analysis are replaced.

    Args:
        models: model → where its images come from, as the study's key has it.
    """
    with tracker.talking(), tracker.exclusive():
        written = []
        for model, about in models.items():
            rates = list(_rates(figures, model))
            for version in _versions(tracker, about) if rates else ():
                _write(tracker, version, figures, rates)
                written.append(f"{version.name} version {version.version}")
        return list(dict.fromkeys(written))


def _versions(tracker: Tracker, about: Mapping[str, Any]) -> Iterator[ModelVersion]:
    """The versions that a model of a study is: the named one, or those of one training and
    sampling."""
    if named := about.get("registered"):
        name, _, number = str(named).partition("@")
        try:
            yield find_version(tracker, name, number)
        except AlphabarError:
            return  # of another registry, or deleted
    elif about.get("model") and about.get("sampling") is not None:
        trained, sampling = about["model"], digest(dict(about["sampling"]))
        if re.fullmatch("[0-9a-f]+", str(trained)):
            for version in tracker.client.search_model_versions(f"tags.`{STAGE_KEY}`='{trained}'"):
                if version.tags.get(SAMPLED_WITH) == sampling:
                    yield version


def _rates(figures: StudyFigures, model: str) -> Iterator[Finding]:
    """The rate of each question; of the baseline what one candidate left to it."""
    name = "error_rate" if figures.kind == "realism" else "win_rate"
    if name == "win_rate" and not figures.progress.finished:
        name = "win_rate_always"
    for found in figures.found(name, view=COUNTED, group=""):
        rate = replace(found, name=name.removesuffix("_always"))
        if found.model == model and found.against in ("", figures.models[0]):
            yield rate
        elif found.against == model and len(figures.models) == 2:
            value, low, high = (
                None if end is None else 1 - end for end in (rate.value, rate.high, rate.low)
            )
            mirrored = replace(rate, model=model, against=found.model)
            yield replace(mirrored, value=value, low=low, high=high)


def _write(
    tracker: Tracker, version: ModelVersion, figures: StudyFigures, rates: list[Finding]
) -> None:
    begin = f"{STUDY}.{_part(figures.name)}."
    tags: dict[str, str] = {
        f"{begin}id": figures.study,
        f"{begin}simulated": str(figures.simulated).lower(),
        f"{begin}finished": str(figures.progress.finished).lower(),
    }
    for rate in rates:
        start = f"{begin}{_part(rate.question)}.{rate.name}"
        tags[f"{start}.n"] = str(rate.answers)
        if rate.value is None:
            tags[f"{start}.without"] = rate.note
            continue
        tags[start] = f"{rate.value:.6g}"
        tags[f"{start}.against"] = rate.against or "real images"
        if rate.low is not None and rate.high is not None:
            ends = {"low": f"{rate.low:.6g}", "high": f"{rate.high:.6g}", "interval": rate.method}
            tags |= {f"{start}.{end}": text for end, text in ends.items()}
        metric = f"{begin}{_part(rate.question)}.{_part(rate.model)}.{rate.name}"
        _log_metric(tracker, version.run_id, metric, rate.value)
    client, number = tracker.client, str(version.version)
    for tag in version.tags:
        if tag.startswith(begin) and tag not in tags:
            client.delete_model_version_tag(version.name, number, tag)
    for tag, text in tags.items():
        if version.tags.get(tag) != text:
            client.set_model_version_tag(version.name, number, tag, text)


def _log_metric(tracker: Tracker, run_id: str | None, name: str, value: float) -> None:
    """Once for each value: the same analysis again adds nothing."""
    if run_id and tracker.client.get_run(run_id).data.metrics.get(name) != value:
        tracker.client.log_metric(run_id, name, value)


def _part(text: str) -> str:
    """A part of a name as MLflow takes it; studies and models may be called anything."""
    return re.sub(r"[^\w: -]", ":", text)[:LONGEST_PART]
