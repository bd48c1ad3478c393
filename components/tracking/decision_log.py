"""A gate's decision as people and programs read it: JSON, a table, and tags of the version."""

import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from mlflow import MlflowClient
from mlflow.entities.model_registry import ModelVersion

from components.errors import AlphabarError
from components.figures.figure import Figure
from components.spec.gate import Gate
from components.spec.keys import digest
from components.tracking.fields import exact, protocol_texts, tag_texts
from components.tracking.gate import Condition, Decision
from components.tracking.versions import BASELINE, CHAMPION

REASON, AGAINST = "gate.reason", "gate.champion_before"
AGAINST_BASELINE = "gate.baseline_before"
DIGEST, ARTIFACT = "gate.digest", "gate.decision"
DETAILS = (
    AGAINST_BASELINE,
    "gate.condition.",
    "gate.candidate.",
    "gate.champion.",
    "gate.baseline.",
    "gate.difference.",
)
"""Version tags: one a condition, and whom and which figures the conditions were held against."""

LONGEST_NAME = 200
"""MLflow takes 250 characters; the rest is for what stands around a metric's name."""


@dataclass(frozen=True)
class Case:
    """What was decided about which version, and against whom.

    Attributes:
        champion: the version that it was held against; None where there was none.
        baseline: what the baseline is called that it was held against in a champion's place.
    """

    model: str
    version: str
    champion: str | None
    gate: Gate
    decision: Decision
    baseline: str | None = None

    @property
    def rival(self) -> str:
        """What the one is called that it was held against."""
        return BASELINE if self.baseline else CHAMPION

    @property
    def columns(self) -> tuple[str, ...]:
        """What `lines` has of a condition."""
        return ("metric", "condition", "candidate", self.rival, "difference", "passed", "reason")

    def content(self) -> dict[str, Any]:
        """All of it as plain JSON values; a number that is not finite is text."""
        plain: dict[str, Any] = _plain(
            {
                "model": self.model,
                "version": self.version,
                "champion": self.champion,
                **({"baseline": self.baseline} if self.baseline else {}),
                "accepted": self.decision.promote,
                "reason": self.decision.reason,
                "gate": self.gate.model_dump(mode="json"),
                "conditions": [_condition(each) for each in self.decision.conditions],
            }
        )
        return plain


def log_decision(client: MlflowClient, version: ModelVersion, case: Case) -> None:
    """Keep the decision with the version, once: artifacts of its run, and tags.

    The artifacts are ``gate/<model>-<version>/<time>/decision.json`` and ``decision.md``; the
    tags of an earlier decision are replaced, its artifacts stay.

    Raises:
        AlphabarError: the version was registered without a run.
    """
    content = case.content()
    key = digest(content)
    if version.tags.get(DIGEST) == key:
        return
    if not version.run_id:
        raise AlphabarError(
            f"{case.model} version {case.version} has no run to keep the decision with",
            "register it with `alphabar run`",
        )
    decided = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
    folder = f"gate/{case.model}-{case.version}/{decided}"
    text = json.dumps({"decided": decided, **content}, indent=1, allow_nan=False)
    client.log_text(version.run_id, text + "\n", f"{folder}/decision.json")
    client.log_text(version.run_id, markdown(case, decided), f"{folder}/decision.md")
    tags = decision_tags(case) | {ARTIFACT: f"{folder}/decision.json"}
    stale = [tag for tag in version.tags if tag.startswith(DETAILS) and tag not in tags]
    # the digest goes first and comes last: while it is there, the others are one decision's
    for tag in [tag for tag in (DIGEST,) if tag in version.tags] + stale:
        client.delete_model_version_tag(case.model, case.version, tag)
    for name, value in {**tags, DIGEST: key}.items():
        client.set_model_version_tag(case.model, case.version, name, value)


def decision_tags(case: Case) -> dict[str, str]:
    """The decision and every figure that it used, as tags of the version."""
    tags: dict[str, Any] = {REASON: case.decision.reason, AGAINST: case.champion or "none"}
    tags[AGAINST_BASELINE] = case.baseline
    for each in case.decision.conditions:
        outcome, name = "passed" if each.passed else "failed", _tag_name(each.metric)
        tags[f"gate.condition.{name}.{each.kind}"] = f"{outcome}: {each.reason}"
        if each.candidate:
            tags[f"gate.candidate.{name}"] = exact(each.candidate)
        if each.champion:
            tags[f"gate.{case.rival}.{name}"] = exact(each.champion)
        if each.difference:
            tags[f"gate.difference.{name}"] = _difference(each)
        if each.win_rate:
            tags[f"gate.candidate.{name}"] = json.dumps(asdict(each.win_rate))
    return tag_texts(tags)


def lines(
    conditions: Sequence[Condition], told: Callable[[Figure], str] = exact
) -> list[tuple[str, ...]]:
    """One line a condition, as `Case.columns` says.

    Args:
        told: a figure as text.
    """
    return [
        (
            each.metric,
            f"{each.kind} {each.asked}".strip(),
            _win_rate(each) if each.win_rate else told(each.candidate) if each.candidate else "",
            told(each.champion) if each.champion else "",
            _difference(each),
            "yes" if each.passed else "NO",
            each.reason,
        )
        for each in conditions
    ]


def headline(case: Case) -> str:
    """The decision in one line."""
    against = f"against champion {case.champion}" if case.champion else "without a champion"
    if case.baseline:
        against = f"against its baseline ({case.baseline}), {against}"
    outcome = "accepted" if case.decision.promote else "rejected"
    return f"{case.model} version {case.version}, {against}: {outcome}"


def markdown(case: Case, decided: str) -> str:
    """The decision as a page to read."""
    text = [f"# {headline(case)}", "", f"Decided {decided}.", ""]
    text += [_line(case.columns), _line(["---"] * len(case.columns))]
    text += [_line(line) for line in lines(case.decision.conditions)]
    known = {each.metric: each.candidate for each in case.decision.conditions if each.candidate}
    if known:
        text += ["", "## How the candidate was measured", ""]
    for metric, figure in known.items():
        told = ", ".join(f"{part} {value}" for part, value in protocol_texts(figure).items())
        text.append(f"- {metric}: {told}")
    return "\n".join(text) + "\n"


def _tag_name(metric: str) -> str:
    """``metric`` as MLflow takes it; a group may be called anything."""
    return re.sub(r"[^\w.: -]", ":", metric)[:LONGEST_NAME]


def _condition(each: Condition) -> dict[str, Any]:
    """A condition as plain JSON values."""
    return {
        "metric": each.metric,
        "condition": each.kind,
        "asked": each.asked,
        "passed": each.passed,
        "reason": each.reason,
        "candidate": _figure(each.candidate),
        "champion": _figure(each.champion),
        "difference": asdict(each.difference) if each.difference else None,
        "win_rate": asdict(each.win_rate) if each.win_rate else None,
    }


def _figure(figure: Figure | None) -> dict[str, Any] | None:
    if figure is None:
        return None
    ends = {"value": figure.value, "low": figure.low, "high": figure.high}
    return {"metric": figure.metric, **ends, "protocol": protocol_texts(figure)}


def _line(row: Sequence[str]) -> str:
    return "| " + " | ".join(" ".join(cell.replace("|", "\\|").split()) for cell in row) + " |"


def _win_rate(condition: Condition) -> str:
    rate = condition.win_rate
    if rate is None or rate.value is None or rate.low is None or rate.high is None:
        return ""
    return f"{rate.value:.3g} [{rate.low:.3g}, {rate.high:.3g}]"


def _difference(condition: Condition) -> str:
    found = condition.difference
    if found is None:
        return ""
    how = "paired" if found.paired else "unpaired"
    return f"{found.value:+.6g} [{found.low:+.6g}, {found.high:+.6g}], {how}"


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(name): _plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value
