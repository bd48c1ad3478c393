"""What a scheduled run changed against the one before.

<root>/.prefect/last/<deployment>.json    what the last run of a schedule found
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from components.errors import AlphabarError, first_of
from components.figures.figure import readable
from components.figures.record import RECORD, read_judgement
from components.figures.standing import NOISE, UNLIKE, standings
from components.files.json_file import read_object, write_json
from components.spec.experiment import Experiment
from flows.run.results import Outcome, stages_words
from flows.servers.prefect_api import prefect_home
from flows.workspace import Workspace


@dataclass(frozen=True)
class Schedule:
    """A run of a schedule.

    Attributes:
        deployment: Prefect's id of the schedule.
        run: the run's name.
    """

    deployment: str
    root: Path
    run: str

    @property
    def record(self) -> Path:
        """What the last run found."""
        return prefect_home(self.root) / "last" / f"{self.deployment}.json"


def since_last(outcome: Outcome, workspace: Workspace, schedule: Schedule) -> list[str]:
    """A sentence for each thing that changed since the last run of ``schedule``, or did not."""
    try:
        last = read_object(schedule.record, "remove it: the next run writes it anew")
    except AlphabarError:
        return ["this is the first run of the schedule whose results are kept"]
    return [
        f"the run before was {last.get('run')}",
        _settings(outcome, last),
        _best(outcome, last),
        _figure(outcome, workspace, last),
        f"stages: {stages_words(outcome)}",
    ]


def remember(outcome: Outcome, workspace: Workspace, schedule: Schedule) -> None:
    """Keep what this run found for the next one."""
    metric = outcome.plan.ranked_by
    figures = read_judgement(workspace.store.path(outcome.best.evaluate)).figures
    schedule.record.parent.mkdir(parents=True, exist_ok=True)
    write_json(
        schedule.record,
        {
            "run": schedule.run,
            "best": outcome.best.name,
            "evaluated": outcome.best.evaluate.key,
            "figure": figures[metric].text() if metric and metric in figures else "",
            "settings": settings_of(outcome.plan.experiment),
        },
    )


def settings_of(experiment: Experiment) -> dict[str, Any]:
    """Dotted path → value, of all that an experiment says or leaves at its default."""
    return _flat(experiment.model_dump(mode="json"))


def changed_settings(before: dict[str, Any], now: dict[str, Any]) -> str:
    """``path: before → now`` of those that differ; empty where none does."""
    names = sorted(name for name in before.keys() | now.keys() if before.get(name) != now.get(name))
    return first_of([f"{name}: {before.get(name)} → {now.get(name)}" for name in names])


def _settings(outcome: Outcome, last: dict[str, Any]) -> str:
    now = settings_of(outcome.plan.experiment)
    changed = changed_settings(dict(last.get("settings") or {}), now)
    return f"the experiment changed: {changed}" if changed else "the experiment is the same"


def _best(outcome: Outcome, last: dict[str, Any]) -> str:
    best, before = outcome.best.name, last.get("best")
    return f"the best is {best}" + (", as before" if best == before else f"; it was {before}")


def _figure(outcome: Outcome, workspace: Workspace, last: dict[str, Any]) -> str:
    metric, node = outcome.plan.ranked_by, outcome.best.evaluate
    if metric is None:
        return "nothing ranks the cells"
    figures = read_judgement(workspace.store.path(node)).figures
    now = f"its {readable(metric)} is {figures[metric].text()}"
    if node.key == last.get("evaluated"):
        return f"{now}, the very same images as before"
    was = f"{now}; the best one's was {last.get('figure')}"
    there = workspace.store.path(node).with_name(str(last.get("evaluated")))
    if not (there / RECORD).is_file():
        return f"{was}, which is not in the store any more"
    _, standing = standings([read_judgement(there).figures, figures], metric, 0)
    if standing.difference is None or standing.kind == UNLIKE:
        return f"{was}, by another protocol: not comparable"
    far = "within noise" if standing.kind == NOISE else standing.how
    return f"{was}, a difference of {standing.text()}, {far}"


def _flat(values: dict[str, Any], before: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, dict):
            found |= _flat(value, f"{before}{name}.")
        else:
            found[before + name] = value
    return found
