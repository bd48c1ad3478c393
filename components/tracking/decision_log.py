"""A gate's decision as people and programs read it: JSON, a table, and tags of the version."""

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from mlflow import MlflowClient
from mlflow.entities.model_registry import ModelVersion

from components.errors import AlphabarError
from components.spec.gate import Gate
from components.spec.keys import digest
from components.tracking.evidence import Figure
from components.tracking.fields import tag_texts
from components.tracking.gate import Decision, Row

REASON, AGAINST = "gate.reason", "gate.champion_before"
DIGEST, ARTIFACT = "gate.digest", "gate.decision"
DETAILS = ("gate.condition.", "gate.candidate.", "gate.champion.", "gate.difference.")
"""Version tags: one a condition, and the figures that the conditions were held against."""

LONGEST_NAME = 200
"""MLflow takes 250 characters; the rest is for what stands around a metric's name."""

COLUMNS = ("metric", "condition", "candidate", "champion", "difference", "passed", "reason")


@dataclass(frozen=True)
class Case:
    """What was decided about which version, and against which champion."""

    model: str
    version: str
    champion: str | None
    gate: Gate
    decision: Decision

    def content(self) -> dict[str, Any]:
        """All of it as plain JSON values; a number that is not finite is text."""
        plain: dict[str, Any] = _plain(
            {
                "model": self.model,
                "version": self.version,
                "champion": self.champion,
                "accepted": self.decision.promote,
                "reason": self.decision.reason,
                "gate": self.gate.model_dump(mode="json"),
                "conditions": [asdict(row) for row in self.decision.rows],
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
    for row in case.decision.rows:
        outcome, name = "passed" if row.passed else "failed", _tag_name(row.metric)
        tags[f"gate.condition.{name}.{row.condition}"] = f"{outcome}: {row.reason}"
        if row.candidate:
            tags[f"gate.candidate.{name}"] = row.candidate.interval()
        if row.champion:
            tags[f"gate.champion.{name}"] = row.champion.interval()
        if row.difference:
            tags[f"gate.difference.{name}"] = _difference(row)
        if row.win_rate:
            tags[f"gate.candidate.{name}"] = json.dumps(asdict(row.win_rate))
    return tag_texts(tags)


def cells(rows: Sequence[Row]) -> list[tuple[str, ...]]:
    """One row a condition, as `COLUMNS` says."""
    return [
        (
            row.metric,
            f"{row.condition} {row.asked}".strip(),
            _win_rate(row) if row.win_rate else _interval(row.candidate),
            _interval(row.champion),
            _difference(row),
            "yes" if row.passed else "NO",
            row.reason,
        )
        for row in rows
    ]


def headline(case: Case) -> str:
    """The decision in one line."""
    against = f"against champion {case.champion}" if case.champion else "without a champion"
    outcome = "accepted" if case.decision.promote else "rejected"
    return f"{case.model} version {case.version}, {against}: {outcome}"


def markdown(case: Case, decided: str) -> str:
    """The decision as a page to read."""
    lines = [f"# {headline(case)}", "", f"Decided {decided}.", ""]
    lines += [_line(COLUMNS), _line(["---"] * len(COLUMNS))]
    lines += [_line(row) for row in cells(case.decision.rows)]
    protocols = {row.metric: row.candidate.protocol for row in case.decision.rows if row.candidate}
    if protocols:
        lines += ["", "## How the candidate was measured", ""]
    for metric, protocol in protocols.items():
        lines.append(f"- {metric}: " + ", ".join(f"{k} {v}" for k, v in protocol.items()))
    return "\n".join(lines) + "\n"


def _tag_name(metric: str) -> str:
    """``metric`` as MLflow takes it; a group may be called anything."""
    return re.sub(r"[^\w.: -]", ":", metric)[:LONGEST_NAME]


def _line(row: Sequence[str]) -> str:
    return "| " + " | ".join(" ".join(cell.replace("|", "\\|").split()) for cell in row) + " |"


def _interval(figure: Figure | None) -> str:
    return figure.interval() if figure else ""


def _win_rate(row: Row) -> str:
    rate = row.win_rate
    if rate is None or rate.value is None or rate.low is None or rate.high is None:
        return ""
    return f"{rate.value:.3g} [{rate.low:.3g}, {rate.high:.3g}]"


def _difference(row: Row) -> str:
    found = row.difference
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
