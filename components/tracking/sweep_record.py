"""A sweep's record in MLflow: a child run a trained model, below it its cells, and the winner."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal

from components.data.pin import USERS
from components.figures.standing import BETTER
from components.figures.winner import REFERENCE, beside_bases
from components.files.manifest import there
from components.spec.codec_files import JUDGEMENT
from components.spec.experiment import Experiment
from components.spec.gate import Gate
from components.spec.metrics import DRIFT
from components.spec.plan import FinetunePlan, Node, Plan, PlannedCell, TunedModel
from components.spec.plan.subject import SubjectNodes
from components.spec.record_tags import STAGE_KEY
from components.spec.sweep import weaker
from components.store import Store, git_commit
from components.tracking.nominees import Registry, data_hash, told, tuned_of, winner_of
from components.tracking.runs import Tracker
from components.tracking.search import BESIDE, BEST, RANKED_BY

NOTE = "mlflow.note.content"
"""Run tag: what MLflow shows as the run's description."""

PARTS = ("process", "conditioning", "network")
"""Sections that say what a network is."""


class SweepRecord:
    """Writes what is published of one sweep; what is recorded already is left as it is.

    Every method raises NotRecordedError where MLflow does not take it.

    Args:
        weights: the folder in which an encoder's weights are looked for first.
        datasets: where the user's images lie, a folder for each name.
    """

    def __init__(
        self,
        tracker: Tracker,
        plan: Plan,
        store: Store,
        weights: Path | None = None,
        datasets: Path = Path(USERS),
    ) -> None:
        self._tracker, self._plan, self._store, self._weights = tracker, plan, store, weights
        self._datasets = datasets
        self.run = tracker.sweep(
            plan.experiment.name,
            plan.sweep_key,
            plan.experiment.model_dump(mode="json", exclude={"runner"}),
            {"git.commit": git_commit()},
        )
        self.complete = tracker.is_complete(self.run)

    def training(self, node: Node, scratch: Path) -> None:
        """What a model that is being trained has written so far; of no other node anything."""
        watched = (each for cell in self._plan.cells for each in self._watched(cell))
        if run := next((run for key, run in watched if key == node.key), None):
            self._tracker.log_training(run(), scratch)

    def baselines(self, plan: Plan) -> None:
        """Every model and cell of ``plan``, which has the finished ones."""
        models: dict[str, str] = {}
        self._codecs(plan)
        self._scorers(plan)
        for cell in plan.cells:
            if cell.train.key not in models:
                models[cell.train.key] = run = self._model_run(cell)
                self._tracker.log_training(run, self._store.path(cell.train))
            if (guide := _guide_of(cell)) and guide.key not in models:
                models[guide.key] = run = self._guide_run(cell, guide)
                self._tracker.log_training(run, self._store.path(guide))
            self._cell_run(models[cell.train.key], cell)
        for run in models.values():
            self._tracker.finish(run, "FINISHED")

    def finetuned(self, best: PlannedCell, tuned: FinetunePlan) -> None:
        """The fine-tuned models, their cells, and the baseline measured as they are."""
        runs: dict[str, str] = {}
        for model in tuned.models:
            trained = model.finetune.key
            if trained not in runs:
                runs[trained] = self._finetune_run(best, model)
                self._tracker.log_training(runs[trained], self._store.path(model.finetune))
            run = runs[trained]
            self._tuned_cells(run, best, model)
            if model is tuned.chosen:
                settings = self._tuned_params(best, model)
                params = settings | _params(best.cell.experiment, "sampling")
                goal = model.tuning.spec.words(best.cell.experiment.data).goal
                name, again = f"baseline on {goal}", "before fine-tuning"
                self._leaf(run, name, params, best.sample, tuned.evaluate_baseline, again)
        for run in runs.values():
            self._tracker.finish(run, "FINISHED")

    def _finetune_run(self, best: PlannedCell, model: TunedModel) -> str:
        """The run of a model's training, which may be others' of other steps, too."""
        spec, named = model.tuning.spec, f" {model.tuning.training}".rstrip()
        return self._tracker.child(
            self.run,
            f"finetune {spec.words(best.cell.experiment.data).goal}{named}",
            model.finetune.key,
            {"finetune": spec.model_dump(mode="json"), "baseline": best.name},
            self._tags(model.finetune) | {NOTE: spec.entry.of_drift(spec.settings) or None},
        )

    def _tuned_cells(self, run: str, best: PlannedCell, model: TunedModel) -> None:
        """The cells of a fine-tuned model, below its training's ``run``."""
        spec, settings = model.tuning.spec, self._tuned_params(best, model)
        words, named = spec.words(best.cell.experiment.data), f" {model.tuning.name}".rstrip()
        if model.tuning.checkpoint is not None:
            settings["checkpoint"] = model.tuning.checkpoint
        for index, cell in enumerate(model.cells):
            params = settings | {"sampling": cell.sampling.model_dump(mode="json")}
            which = f", sampling {index + 1}" if index else ""
            if spec.entry.compared == "cost":
                which = f", {cell.sampling.steps} steps"
            name = f"{words.run}{named}{which}"
            leaf = self._leaf(run, name, params, cell.sample, cell.evaluate, "fine-tuned")
            if cell.drift:
                self._tracker.log_judgement(leaf, self._store.path(cell.drift), families=[DRIFT])
            if model.subject and index == 0:
                self._of_subject(leaf, model.subject)

    def _of_subject(self, run: str, shown: SubjectNodes) -> None:
        """What shows how well a subject was learnt, and what has become of its class."""
        self._tracker.log_likeness(run, self._store.path(shown.similarity))
        for prefix, pair in (("subject_", shown.subject), ("class_", shown.kin)):
            self._tracker.log_judgement(run, self._store.path(pair.of_tuned), prefix)

    def _tuned_params(self, best: PlannedCell, model: TunedModel) -> dict[str, Any]:
        own = best.cell.experiment
        return _params(own, "evaluation") | {
            "data": {"style": model.tuning.spec.data(own.data).style}
        }

    def winner(self, best: PlannedCell, report: Path) -> None:
        """The report's files and the winner's name, at the sweep's own run."""
        self._tracker.log_artifacts(self.run, report, "report")
        self._tracker.tag(self.run, BEST, best.name)

    def registered(
        self, best: PlannedCell, tuned: FinetunePlan | None, gate: Gate | None
    ) -> list[str]:
        """Register the winner and the chosen fine-tune, as far as the file asks for it; what became
        of each, in words."""
        registry = Registry(self._tracker, self._store, self._plan.ranked_by, gate, self._weights)
        wanted, said, shown = self._plan.experiment.registry, list[str](), dict[str, str]()
        if name := wanted.model:
            nominee = winner_of(best, self._store, self._datasets, self._tags(best.train))
            found = registry.enter(name, self._model_run(best), nominee)
            said.append(told(name, found))
            shown["baseline"] = f"{name}@{found.version}"
        if (name := wanted.finetuned) and tuned and not tuned.allowed:
            said.append(f"{name}: nothing is registered: no fine-tune keeps `finetune.limits`")
        elif name and tuned:
            tags, base = self._tags(tuned.chosen.published), best.cell.experiment.base
            names = [*filter(None, [base]), *shown.values()]
            version = registry.version_of(self._store.path(best.train), names)
            nominee = tuned_of(best, tuned, self._store, self._datasets, tags, version)
            found = registry.enter(name, self._finetune_run(best, tuned.chosen), nominee)
            said.append(f"{told(name, found)}{self._no_gain(best, tuned)}")
            shown["finetuned"] = f"{name}@{found.version}"
        if tuned and self._plan.experiment.study:
            for side, version in shown.items():
                self._tracker.tag(self.run, f"study.{side}", version)
        return said

    def _no_gain(self, best: PlannedCell, tuned: FinetunePlan) -> str:
        """What must be said of a chosen fine-tune that is not better than its base; mostly
        nothing."""
        beside = beside_bases(self._plan, best, tuned, self._store)[tuned.best]
        return "" if beside is None or beside.kind == BETTER else f"; it {beside.clause}"

    def end(self, status: Literal["FINISHED", "FAILED", "KILLED"]) -> None:
        """End the sweep's run, as FINISHED, FAILED or KILLED; a finished one is complete."""
        self._tracker.finish(self.run, status)
        if status == "FINISHED":
            self._tracker.mark_complete(self.run)

    def _watched(self, cell: PlannedCell) -> Iterator[tuple[str, Callable[[], str]]]:
        """The key of everything that a cell waits for while it is trained, and what has its run."""
        yield cell.train.key, lambda: self._model_run(cell)
        if codec := _codec_of(cell):
            yield codec.key, lambda: self._codec_run(cell, codec)
        if guide := _guide_of(cell):
            yield guide.key, lambda: self._guide_run(cell, guide)

    def _codecs(self, plan: Plan) -> None:
        codecs = {node.key: (cell, node) for cell in plan.cells if (node := _codec_of(cell))}
        for cell, node in codecs.values():
            run = self._codec_run(cell, node)
            if there(self._store.path(node) / "history.csv"):
                self._tracker.log_training(run, self._store.path(node))
            else:  # a training's last evaluation says the same
                self._tracker.log_judgement(run, self._store.path(node) / JUDGEMENT)
            self._tracker.finish(run, "FINISHED")

    def _scorers(self, plan: Plan) -> None:
        found = {node.key: (cell, node) for cell in plan.cells if (node := _scorer_of(cell))}
        for cell, node in found.values():
            params = cell.cell.experiment.model_dump(mode="json", include={"data", "scorer"})
            run = self._tracker.child(self.run, node.name, node.key, params, self._tags(node))
            self._tracker.log_judgement(run, self._store.path(node))
            self._tracker.log_training(run, self._store.path(node))
            self._tracker.finish(run, "FINISHED")

    def _codec_run(self, cell: PlannedCell, codec: Node) -> str:
        experiment = cell.cell.experiment
        params = experiment.model_dump(mode="json", include={"data", "codec"})
        if experiment.codec.pretrained:  # the rest is what would have been trained
            params["codec"] = {name: params["codec"][name] for name in ("kind", "pretrained")}
        return self._tracker.child(self.run, codec.name, codec.key, params, self._tags(codec))

    def _model_run(self, cell: PlannedCell) -> str:
        if not cell.trained:
            params = _params(cell.cell.experiment, *PARTS)
            params["base"] = cell.cell.experiment.base
            return self._tracker.child(
                self.run, "base", cell.train.key, params, self._tags(cell.train)
            )
        name = f"train {cell.cell.model_name}"
        return self._network_run(name, cell.train, cell.cell.experiment)

    def _guide_run(self, cell: PlannedCell, guide: Node) -> str:
        name = f"train guide {cell.cell.model_name}"
        return self._network_run(name, guide, weaker(cell.cell.experiment))

    def _network_run(self, name: str, node: Node, experiment: Experiment) -> str:
        params = _params(experiment, "data", *PARTS, "training")
        return self._tracker.child(self.run, name, node.key, params, self._tags(node))

    def _cell_run(self, parent: str, cell: PlannedCell) -> None:
        params = cell.cell.experiment.model_dump(mode="json", include={"sampling", "evaluation"})
        params["process"] = {"schedule": cell.cell.experiment.process.schedule}
        beside = "" if cell.may_win else REFERENCE
        self._leaf(parent, cell.name, params, cell.sample, cell.evaluate, beside)

    def _leaf(
        self,
        parent: str,
        name: str,
        params: dict[str, Any],
        sample: Node,
        evaluate: Node,
        beside: str,
    ) -> str:
        """A cell's run; ``beside`` says what one is that may not win."""
        tags = {RANKED_BY: self._plan.ranked_by, BESIDE: beside or None} | self._tags(evaluate)
        run = self._tracker.child(parent, name, evaluate.key, params, tags)
        self._tracker.log_cell(run, self._store.path(sample), self._store.path(evaluate))
        self._tracker.finish(run, "FINISHED")
        return run

    def _tags(self, node: Node) -> dict[str, Any]:
        store = self._store
        commit = store.manifest(node).get("git_commit") if store.has(node) else None
        return {
            STAGE_KEY: node.key,
            "data.dvc_hash": data_hash(node),
            "git.commit": commit or git_commit(),
        }


def _params(experiment: Experiment, *sections: str) -> dict[str, Any]:
    return experiment.model_dump(mode="json", include={*sections})


def _codec_of(cell: PlannedCell) -> Node | None:
    """The stage that makes a cell's codec, where that is learnt."""
    return cell.train.inputs.get("autoencoder")


def _guide_of(cell: PlannedCell) -> Node | None:
    """The training of what guides a cell's network, where another one does."""
    return cell.sample.inputs.get("guide")


def _scorer_of(cell: PlannedCell) -> Node | None:
    """The training of what reads a cell's captions, where the experiment has it trained."""
    return cell.reference.inputs.get("scorer")
