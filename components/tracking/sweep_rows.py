"""The runs of a sweep: one a trained model and one a cell, with what each row says of itself."""

from collections.abc import Sequence
from typing import Any, Literal

import yaml

from components.figures.record import read_judgement
from components.spec.experiment import Experiment
from components.spec.plan import Node, Plan, PlannedCell, TunedModel
from components.spec.record_tags import STAGE_KEY
from components.spec.sweep import weaker
from components.store import Store, git_commit
from components.tracking.fields import flatten
from components.tracking.nominees import data_hash
from components.tracking.notes import cell_note, sweep_name
from components.tracking.rows import FAILED, NOTE, STAGE, Kind, link
from components.tracking.runs import Tracker
from components.tracking.search import BESIDE, RANKED_BY
from components.tracking.worked import Worked, begun, worked

PARTS = ("process", "conditioning", "network")
"""Sections that say what a network is."""

REPORT = "report"
"""Artifact of a sweep's run: the folder of its report."""

REPORT_PAGE = f"{REPORT}/index.html"


class SweepRows:
    """Finds or makes the runs of a sweep.

    A row's params are the settings that differ within the sweep; its whole experiment is an
    artifact. Its time is that of its stages.

    Attributes:
        sweep: the id of the sweep's own run.
        experiment: that of its experiment.
    """

    def __init__(self, tracker: Tracker, plan: Plan, store: Store, sweep: str) -> None:
        self._tracker, self._plan, self._store, self.sweep = tracker, plan, store, sweep
        self.experiment = tracker.experiment_id(sweep)
        self._names = {sweep: sweep_name(plan)}
        self._ends: dict[str, int | None] = {}
        self._open: dict[str, str] = {}

    def finish(self, run: str) -> None:
        """Say that what the run records is done, and when it was."""
        self._tracker.finish(run, "FINISHED", self._ends.get(run))
        self._open.pop(run, None)

    def stop(self, status: Literal["FAILED", "KILLED"], why: dict[str, str]) -> None:
        """End what was begun and is not done.

        Args:
            why: name of a stage run → what stopped it.
        """
        for run, stage in self._open.items():
            if stage in why:
                self._tracker.tag(run, FAILED, why[stage])
            self._tracker.finish(run, status)
        self._open.clear()

    def codec(self, cell: PlannedCell, codec: Node) -> str:
        """The run of what makes a cell's codec."""
        own = cell.cell.experiment
        params = self.differing(own, ("data", "codec"))
        return self._row("codec", self.sweep, codec.name, [codec], params, own)

    def scorer(self, cell: PlannedCell, scorer: Node) -> str:
        """The run of what reads a cell's captions."""
        return self._row("scorer", self.sweep, scorer.name, [scorer], {}, cell.cell.experiment)

    def model(self, cell: PlannedCell) -> str:
        """The run of a cell's model."""
        own, name = cell.cell.experiment, f"train {cell.cell.model_name}"
        if not cell.trained:
            params = self.differing(own, PARTS) | {"base": own.base}
            return self._row("model", self.sweep, "base", [cell.train], params, own)
        return self._network(name, cell.train, own)

    def guide(self, cell: PlannedCell, guide: Node) -> str:
        """The run of the weaker model that guides a cell's."""
        return self._network(
            f"train guide {cell.cell.model_name}", guide, weaker(cell.cell.written)
        )

    def tuned(self, best: PlannedCell, model: TunedModel) -> str:
        """The run of a fine-tune's training, which may be others' of other steps, too."""
        spec, named = model.tuning.spec, f" {model.tuning.training}".rstrip()
        own = best.cell.experiment
        return self._row(
            "model",
            self.sweep,
            f"finetune {spec.words(own.data).goal}{named}",
            [model.finetune],
            tuning_params(model) | {"baseline": best.name},
            own.model_copy(update={"finetune": spec}),
            {NOTE: spec.entry.of_drift(spec.settings) or None},
        )

    def cell(self, model: str, cell: PlannedCell, beside: str) -> str:
        """A cell's run, below that of its ``model``."""
        own = cell.cell.experiment
        return self.leaf(
            model, cell.name, self.differing(own), own, (cell.sample, cell.evaluate), beside
        )

    def leaf(
        self,
        parent: str,
        name: str,
        params: dict[str, Any],
        experiment: Experiment,
        nodes: tuple[Node, Node],
        beside: str,
    ) -> str:
        """The run of images and their figures, recorded whole but for its end.

        Args:
            nodes: which sample and which evaluate.
            beside: what one is that may not win; else empty.
        """
        tags = {RANKED_BY: self._plan.ranked_by, BESIDE: beside or None}
        run = self._row("cell", parent, name, list(nodes), params, experiment, tags)
        sample, evaluate = (self._store.path(node) for node in nodes)
        self._tracker.log_cell(run, sample, evaluate)
        figures = read_judgement(evaluate).figures
        links = [self.link(parent), *self.sweep_links()]
        self._tracker.tag(run, NOTE, cell_note(figures, self._plan.ranked_by, beside, links))
        return run

    def link(self, run: str) -> str:
        """A link to one of these runs, by its name."""
        return link(self.experiment, run, self._names[run])

    def sweep_links(self) -> list[str]:
        """Links to the sweep and to its report, which is there when the sweep has ended."""
        report = link(self.experiment, self.sweep, "report", REPORT_PAGE)
        return [self.link(self.sweep), report]

    def tags(self, node: Node) -> dict[str, Any]:
        """What a stage's record says of where it comes from."""
        store = self._store
        commit = store.manifest(node).get("git_commit") if store.has(node) else None
        return {
            STAGE_KEY: node.key,
            "data.dvc_hash": data_hash(node),
            "git.commit": commit or git_commit(),
        }

    def _network(self, name: str, node: Node, own: Experiment) -> str:
        params = self.differing(own, ("data", *PARTS, "training"))
        return self._row("model", self.sweep, name, [node], params, own)

    def _row(
        self,
        kind: Kind,
        parent: str,
        name: str,
        nodes: Sequence[Node],
        params: dict[str, Any],
        experiment: Experiment,
        tags: dict[str, Any] | None = None,
    ) -> str:
        last, when = nodes[-1], self._when(nodes)
        tags = (tags or {}) | self.tags(last) | {STAGE: last.name}
        run = self._tracker.child(
            parent,
            name,
            last.key,
            params,
            tags,
            kind=kind,
            start=when.start,
            settings=settings_text(experiment),
        )
        if used := data_hash(last):
            of = f"{experiment.data.source}/{experiment.data.style or experiment.data.name or ''}"
            context = "evaluation" if kind == "cell" else "training"
            self._tracker.used(run, of.rstrip("/"), used, context)
        self._names[run], self._ends[run], self._open[run] = name, when.end, last.name
        return run

    def _when(self, nodes: Sequence[Node]) -> Worked:
        if all(map(self._store.has, nodes)):
            return worked(map(self._store.path, nodes))
        return begun(self._store.lock(nodes[-1]))

    def differing(self, own: Experiment, sections: Sequence[str] = ()) -> dict[str, Any]:
        """Of ``own`` the settings that some cell of the sweep overrides; of ``sections`` alone
        where any are given."""
        values = flatten(own.model_dump(mode="json"))
        return {
            path: values[path]
            for path in self._plan.swept
            if path in values and (not sections or path.partition(".")[0] in sections)
        }


def tuning_params(model: TunedModel) -> dict[str, Any]:
    """What differs among fine-tunes."""
    step = model.tuning.checkpoint
    return dict(model.tuning.overrides) | ({} if step is None else {"checkpoint": step})


def settings_text(experiment: Experiment) -> str:
    """An experiment as YAML, without what no figure depends on."""
    values = experiment.model_dump(mode="json", exclude={"runner"})
    text: str = yaml.safe_dump(values, sort_keys=False, allow_unicode=True)
    return text
