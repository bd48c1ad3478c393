"""Experiments: run one, read what it found, hold recorded runs side by side."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from alphabar.arguments import path_of, texts_of
from alphabar.place import workspace_at

if TYPE_CHECKING:
    import pandas as pd

    from components.figures.figure import Figure


@dataclass(frozen=True)
class Results:
    """What an experiment has found so far.

    Attributes:
        name: the experiment's.
        metric: ranks the cells.
        best: the winner; None where no cell is evaluated.
        cells: cell → metric → figure, for the cells that are evaluated.
        models: cell → the directory of its trained model.
        samples: cell → the folder of its images.
        report: the folder of its report; None where there is none yet.
    """

    name: str
    metric: str
    best: str | None
    cells: "Mapping[str, Mapping[str, Figure]]"
    models: Mapping[str, Path]
    samples: Mapping[str, Path]
    report: Path | None

    def __repr__(self) -> str:
        best = f"best {self.best} by {self.metric}" if self.best else "no best"
        return f"<Results of {self.name}: {len(self.cells)} cells, {best}>"

    def frame(self) -> "pd.DataFrame":
        """A row for every figure of every cell: ``name, metric, value, low, high, …``."""
        import pandas as pd

        from components.reporting.tables.every_figure import figures_alone

        return pd.DataFrame(figures_alone(self.cells).records())


def run(
    file: str | Path, *, root: str | Path | None = None, verify: bool = False, quiet: bool = True
) -> Results:
    """Run an experiment file as `alphabar run` does; what is published is not run again.

    Args:
        root: the project's folder; the current one unless given.
        verify: first compare every published file with its SHA-256.
        quiet: no progress on stderr.

    Raises:
        AlphabarError: the file is wrong, the data is not as pinned, or stages failed; the others
            have run.
    """
    from flows.run.launch import run_here

    run_here(path_of(file, "experiment file"), workspace_at(root), verify=verify, quiet=quiet)
    return results(file, root=root)


def results(file: str | Path, *, root: str | Path | None = None) -> Results:
    """What is published of an experiment; nothing is run.

    Raises:
        AlphabarError: the file is wrong, or the data is not as pinned.
    """
    from components.figures.record import read_judgement
    from components.figures.winner import best_cell
    from components.spec.loading import load_experiment
    from flows.run.outside import plan_here

    workspace = workspace_at(root)
    plan = plan_here(load_experiment(path_of(file, "experiment file")), workspace)
    store = workspace.store
    whole = [cell for cell in plan.cells if store.has(cell.evaluate)]
    able = any(cell.may_win for cell in whole)
    report = workspace.reports(plan.experiment.name)
    return Results(
        plan.experiment.name,
        plan.ranked_by,
        best_cell(replace(plan, cells=whole), store).name if able else None,
        {cell.name: read_judgement(store.checked(cell.evaluate)).figures for cell in whole},
        {cell.name: store.path(cell.train) for cell in whole},
        {cell.name: store.path(cell.sample) for cell in whole},
        report if report.is_dir() else None,
    )


def compare(
    *runs: str, out: str | Path | None = None, root: str | Path | None = None
) -> "pd.DataFrame":
    """Two or more recorded runs side by side: a row for every figure, with the differences.

    Writes the page and the table that `alphabar compare` writes.

    Args:
        runs: ids of runs (or their beginnings), EXPERIMENT/NAME, or EXPERIMENT.
        out: a folder, or the .html or .csv file; reports/compare unless given.
        root: the project's folder; the current one unless given.

    Raises:
        AlphabarError: a name fits no run, or there is only one run.
    """
    import pandas as pd

    from flows.tools.comparing import compare_runs

    place = None if out is None else path_of(out, "place")
    found = compare_runs(texts_of(runs, "run"), workspace_at(root), place)
    return pd.DataFrame(found.figures.records())
