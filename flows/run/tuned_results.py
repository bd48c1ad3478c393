"""What a run has found of its fine-tunes, and the lines that it prints of the chosen one."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from components.spec.plan import FinetunePlan, Plan, PlannedCell
from components.store import Store

if TYPE_CHECKING:
    from components.figures.beside_base import BesideBase
    from components.figures.best_finetune import Decision
    from components.figures.judgement import Figures


@dataclass(frozen=True)
class TunedResults:
    """The fine-tunes of a run, all evaluated, and the best baseline that they started from."""

    plan: Plan
    best: PlannedCell
    tuned: FinetunePlan
    store: Store

    @property
    def at_equal_cost(self) -> bool:
        """Whether one is compared with the base at equal cost, as what was distilled is."""
        return any(m.tuning.spec.entry.compared == "cost" for m in self.tuned.models)

    @property
    def names(self) -> list[str]:
        """What each model is called."""
        done = self.tuned.chosen.tuning.spec.words(self.best.cell.experiment.data).done
        return [model.tuning.name or done for model in self.tuned.models]

    @property
    def title(self) -> str:
        """What their table is called."""
        section = self.plan.experiment.finetune
        assert section is not None
        style = section.data(self.best.cell.experiment.data).style
        return f"against the holdout of style {style}" if style else "against the holdout"

    def decision(self) -> "Decision":
        """Which is chosen, and by what."""
        from components.figures.winner import decision_among

        return decision_among(self.plan, self.best, self.tuned, self.store)

    def beside(self) -> "list[BesideBase | None]":
        """How each model stands to its base."""
        from components.figures.winner import beside_bases

        return beside_bases(self.plan, self.best, self.tuned, self.store)

    def figures(self) -> "list[Figures]":
        """Each model's, against the holdout of the new data."""
        from components.figures.record import read_judgement

        paths = [self.store.path(model.evaluate) for model in self.tuned.models]
        return [read_judgement(path).figures for path in paths]

    def drifts(self) -> "list[Figures]":
        """Each model's figures beside the base's images; empty where that was not measured."""
        from components.figures.record import read_judgement

        nodes = [model.cells[0].drift for model in self.tuned.models]
        return [read_judgement(self.store.path(n)).figures if n else {} for n in nodes]


def tuned_lines(results: TunedResults) -> list[str]:
    """Which fine-tune is chosen, where it lies, why, and how it stands to its base."""
    tuned, names = results.tuned, results.names
    chosen, decision = names[tuned.best], results.decision()
    lines = [chosen, _shortest(results.store.path(tuned.chosen.published))]
    if why := decision.reason(names):
        lines.append(why)
    if beside := results.beside()[tuned.best]:
        lines.append(beside.sentence(chosen if tuned.chosen.tuning.name else ""))
    return lines


def _shortest(path: Path) -> str:
    """Below the current folder where it lies there, as other commands take it."""
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)
