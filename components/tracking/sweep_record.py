"""A sweep's record in MLflow: a run a trained model, one a cell, the winner, and what was found."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Literal

from components.data.pin import USERS
from components.figures.record import read_judgement
from components.figures.standing import BETTER
from components.figures.winner import REFERENCE, beside_bases
from components.files.manifest import there
from components.spec.codec_files import JUDGEMENT
from components.spec.experiment import Experiment
from components.spec.gate import Gate
from components.spec.metrics import DRIFT
from components.spec.plan import FinetunePlan, Node, Plan, PlannedCell, TunedModel
from components.spec.plan.auto import auto_words
from components.spec.plan.subject import SubjectNodes
from components.store import Store, git_commit
from components.tracking.escapes import loading_fault
from components.tracking.fields import flatten
from components.tracking.nominees import Registry, told, tuned_of, winner_of
from components.tracking.notes import experiment_note, headline, sweep_name, sweep_note
from components.tracking.rows import NOTE
from components.tracking.runs import Tracker
from components.tracking.search import BEST
from components.tracking.sweep_rows import REPORT, SweepRows, settings_text, tuning_params
from components.tracking.system_metrics import log_system_metrics

BEST_FIGURE = "alphabar.best_figure"
"""Run tag of a sweep: its winner's figure that ranks."""


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
            {},
            {"git.commit": git_commit()},
            name=sweep_name(plan),
        )
        self._rows = SweepRows(tracker, plan, store, self.run)
        self.complete = tracker.is_complete(self.run)

    def loading_fault(self) -> str | None:
        """Why MLflow will not load what the sweep registers, as `escapes.loading_fault` says."""
        if not any(self._plan.experiment.registry.model_dump().values()):
            return None
        with self._tracker.talking():
            return loading_fault(self._tracker.client.get_run(self.run).info.artifact_uri)

    def training(self, node: Node, scratch: Path) -> None:
        """What a model that is being trained has written so far, and what the machine does; of no
        other node anything."""
        watched = (each for cell in self._plan.cells for each in self._watched(cell))
        if make := next((make for key, make in watched if key == node.key), None):
            run = make()
            self._tracker.log_training(run, scratch)
            with self._tracker.talking():
                log_system_metrics(self._tracker.client, run)

    def baselines(self, plan: Plan) -> None:
        """Every model and cell of ``plan``, which has the finished ones."""
        models: dict[str, str] = {}
        settled = auto_words(cell.cell for cell in plan.cells)
        comment = "".join(f"# {words}\n" for words in settled)
        self._tracker.log_settings(self.run, comment + settings_text(plan.experiment))
        self._codecs(plan)
        self._scorers(plan)
        for cell in plan.cells:
            if cell.train.key not in models:
                models[cell.train.key] = run = self._rows.model(cell)
                self._tracker.log_training(run, self._store.path(cell.train))
            if (guide := _guide_of(cell)) and guide.key not in models:
                models[guide.key] = run = self._rows.guide(cell, guide)
                self._tracker.log_training(run, self._store.path(guide))
            beside = "" if cell.may_win else REFERENCE
            self._rows.finish(self._rows.cell(models[cell.train.key], cell, beside))
        for run in models.values():
            self._rows.finish(run)

    def finetuned(self, best: PlannedCell, tuned: FinetunePlan) -> None:
        """The fine-tuned models, their cells, and the baseline measured as they are."""
        runs: dict[str, str] = {}
        for model in tuned.models:
            trained = model.finetune.key
            if trained not in runs:
                runs[trained] = self._rows.tuned(best, model)
                self._tracker.log_training(runs[trained], self._store.path(model.finetune))
            self._tuned_cells(runs[trained], best, tuned, model)
        chosen, own = tuned.chosen, best.cell.experiment
        goal, again = chosen.tuning.spec.words(own.data).goal, "before fine-tuning"
        nodes = (best.sample, tuned.evaluate_baseline)
        params = self._tuned_params(own, best, tuned)
        run = runs[chosen.finetune.key]
        self._rows.finish(self._rows.leaf(run, f"baseline on {goal}", params, own, nodes, again))
        for run in runs.values():
            self._rows.finish(run)

    def _tuned_cells(
        self, run: str, best: PlannedCell, tuned: FinetunePlan, model: TunedModel
    ) -> None:
        """The cells of a fine-tuned model, below its training's ``run``."""
        spec, own = model.tuning.spec, best.cell.experiment
        words, named = spec.words(own.data), f" {model.tuning.name}".rstrip()
        for index, cell in enumerate(model.cells):
            which = f", sampling {index + 1}" if index else ""
            if spec.entry.compared == "cost":
                which = f", {cell.sampling.steps} steps"
            drawn = own.model_copy(update={"sampling": cell.sampling, "finetune": spec})
            params = self._tuned_params(drawn, best, tuned) | tuning_params(model)
            name, nodes = f"{words.run}{named}{which}", (cell.sample, cell.evaluate)
            leaf = self._rows.leaf(run, name, params, drawn, nodes, "fine-tuned")
            if cell.drift:
                self._tracker.log_judgement(leaf, self._store.path(cell.drift), families=[DRIFT])
            if model.subject and index == 0:
                self._of_subject(leaf, model.subject)
            self._rows.finish(leaf)

    def _of_subject(self, run: str, shown: SubjectNodes) -> None:
        """What shows how well a subject was learnt, and what has become of its class."""
        self._tracker.log_likeness(run, self._store.path(shown.similarity))
        for prefix, pair in (("subject_", shown.subject), ("class_", shown.kin)):
            self._tracker.log_judgement(run, self._store.path(pair.of_tuned), prefix)

    def _tuned_params(
        self, drawn: Experiment, best: PlannedCell, tuned: FinetunePlan
    ) -> dict[str, Any]:
        """What differs within the sweep, in how fine-tunes are sampled, and in their data."""
        samplings = [
            flatten(sampling.model_dump(mode="json"))
            for sampling in (
                best.cell.experiment.sampling,
                *(cell.sampling for cell in tuned.cells),
            )
        ]
        values = flatten(drawn.sampling.model_dump(mode="json"))
        params = {
            f"sampling.{name}": value
            for name, value in values.items()
            if any(other.get(name) != value for other in samplings)
        }
        style = tuned.chosen.tuning.spec.data(best.cell.experiment.data).style
        return self._rows.differing(drawn) | params | {"data": {"style": style}}

    def winner(self, best: PlannedCell, report: Path) -> None:
        """The report's files, the winner's name and its figure, at the sweep's own run."""
        self._tracker.log_artifacts(self.run, report, REPORT)
        found = read_judgement(self._store.path(best.evaluate)).figures
        self._tracker.tag(self.run, BEST, best.name)
        self._tracker.tag(self.run, BEST_FIGURE, headline(found, self._plan.ranked_by))

    def described(self, best: PlannedCell, said: Iterable[str]) -> None:
        """What the sweep and its experiment have found, as their descriptions.

        Args:
            said: what became of each model in the registry.
        """
        done = [cell for cell in self._plan.cells if self._store.has(cell.evaluate)]
        figures = {
            cell.name: read_judgement(self._store.path(cell.evaluate)).figures for cell in done
        }
        sweep, report = self._rows.sweep_links()
        note = sweep_note(self._plan, best.name, figures, said, [report])
        self._tracker.tag(self.run, NOTE, note)
        about = experiment_note(self._plan, best.name, figures[best.name], [sweep, report])
        self._tracker.describe(self._rows.experiment, about, self._plan.ranked_by)

    def registered(
        self, best: PlannedCell, tuned: FinetunePlan | None, gate: Gate | None
    ) -> list[str]:
        """Register the winner and the chosen fine-tune, as far as the file asks for it; what became
        of each, in words."""
        registry = Registry(self._tracker, self._store, self._plan.ranked_by, gate, self._weights)
        wanted, said, shown = self._plan.experiment.registry, list[str](), dict[str, str]()
        if name := wanted.model:
            nominee = winner_of(best, self._store, self._datasets, self._rows.tags(best.train))
            found = registry.enter(name, self._rows.model(best), nominee)
            said.append(told(name, found))
            shown["baseline"] = f"{name}@{found.version}"
        if (name := wanted.finetuned) and tuned and not tuned.allowed:
            said.append(f"{name}: nothing is registered: no fine-tune keeps `finetune.limits`")
        elif name and tuned:
            tags, base = self._rows.tags(tuned.chosen.published), best.cell.experiment.base
            names = [*filter(None, [base]), *shown.values()]
            version = registry.version_of(self._store.path(best.train), names)
            nominee = tuned_of(best, tuned, self._store, self._datasets, tags, version)
            found = registry.enter(name, self._rows.tuned(best, tuned.chosen), nominee)
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

    def end(
        self, status: Literal["FINISHED", "FAILED", "KILLED"], why: dict[str, str] | None = None
    ) -> None:
        """End the sweep's run, as FINISHED, FAILED or KILLED; a finished one is complete.

        Args:
            why: name of a stage run → what stopped it.
        """
        if status != "FINISHED":
            self._rows.stop(status, why or {})
        self._tracker.finish(self.run, status)
        if status == "FINISHED":
            self._tracker.mark_complete(self.run)

    def _watched(self, cell: PlannedCell) -> Iterator[tuple[str, Callable[[], str]]]:
        """The key of everything that a cell waits for while it is trained, and what has its run."""
        yield cell.train.key, lambda: self._rows.model(cell)
        if codec := _codec_of(cell):
            yield codec.key, lambda: self._rows.codec(cell, codec)
        if guide := _guide_of(cell):
            yield guide.key, lambda: self._rows.guide(cell, guide)

    def _codecs(self, plan: Plan) -> None:
        codecs = {node.key: (cell, node) for cell in plan.cells if (node := _codec_of(cell))}
        for cell, node in codecs.values():
            run = self._rows.codec(cell, node)
            if there(self._store.path(node) / "history.csv"):
                self._tracker.log_training(run, self._store.path(node))
            else:  # a training's last evaluation says the same
                self._tracker.log_judgement(run, self._store.path(node) / JUDGEMENT)
            self._rows.finish(run)

    def _scorers(self, plan: Plan) -> None:
        found = {node.key: (cell, node) for cell in plan.cells if (node := _scorer_of(cell))}
        for cell, node in found.values():
            run = self._rows.scorer(cell, node)
            self._tracker.log_judgement(run, self._store.path(node))
            self._tracker.log_training(run, self._store.path(node))
            self._rows.finish(run)


def _codec_of(cell: PlannedCell) -> Node | None:
    """The stage that makes a cell's codec, where that is learnt."""
    return cell.train.inputs.get("autoencoder")


def _guide_of(cell: PlannedCell) -> Node | None:
    """The training of what guides a cell's network, where another one does."""
    return cell.sample.inputs.get("guide")


def _scorer_of(cell: PlannedCell) -> Node | None:
    """The training of what reads a cell's captions, where the experiment has it trained."""
    return cell.reference.inputs.get("scorer")
