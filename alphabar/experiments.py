"""Experiments: run one, read what it found, hold recorded runs side by side."""

import multiprocessing
from collections.abc import Mapping
from contextlib import nullcontext, redirect_stdout
from dataclasses import dataclass, field, replace
from html import escape
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alphabar.arguments import path_of, texts_of
from alphabar.changed import changed
from alphabar.figures import Figures
from alphabar.models import Model, load
from alphabar.place import experiment_file, workspace_at
from alphabar.shown import table_html
from alphabar.spoken import in_python
from components.errors import AlphabarError, number_of, shortened
from components.spec.loading import nearest
from flows.telling import as_text
from flows.workspace import Workspace

if TYPE_CHECKING:
    import pandas as pd

    from components.figures.figure import Figure
    from components.reporting.tables.table import Table
    from components.spec.experiment import Experiment


@dataclass(frozen=True, eq=False)
class Cell:
    """An evaluated cell of an experiment: one model, sampled in one way.

    Attributes:
        figures: metric → figure.
        model: the folder of its trained model.
        samples: the folder of its images.
        sampling: the settings that it is sampled with.
        may_win: whether it is among those that the best is chosen from.
    """

    figures: Figures
    model: Path
    samples: Path
    sampling: Mapping[str, Any]
    may_win: bool = True


@dataclass(frozen=True, eq=False)
class Results:
    """What an experiment has found so far; it prints as the table of its cells.

    Attributes:
        name: the experiment's.
        metric: ranks the cells.
        best: the winner; None where no cell is evaluated.
        cells: those that are evaluated, by name; `load` loads the model of one.
        report: the folder of its report; None where there is none yet.
        floors: metric → figure, of real images; empty where no cell is evaluated.
        data: the folder of the prepared data of its first evaluated cell; ``evaluate`` takes it as
            a reference.
        spec: the experiment itself.
    """

    name: str
    metric: str
    best: str | None
    cells: Mapping[str, Cell]
    report: Path | None
    floors: "Mapping[str, Figure]" = field(default_factory=dict)
    data: Path | None = None
    spec: "Experiment | None" = None

    def __repr__(self) -> str:
        best = f"best {self.best} by {self.metric}" if self.best else "no best"
        return f"<Results of {self.name}: {number_of(len(self.cells), 'cell')}, {best}>"

    def __str__(self) -> str:
        return as_text(self._table()) if self.best else repr(self)

    def _repr_html_(self) -> str:
        return table_html(self._table()) if self.best else f"<p>{escape(repr(self))}</p>"

    def load(self, cell: str | None = None) -> Model:
        """The model of a cell, the best one's unless said, with the cell's own sampling settings.

        Raises:
            AlphabarError: there is no such evaluated cell.
        """
        name = self.best if cell is None else cell
        if name is None or name not in list(self.cells):
            told = "" if name is None else shortened(name)
            remedy = nearest(told, list(self.cells)) if self.cells else "run it first"
            raise AlphabarError(f"{self.name} has no evaluated cell {told}".rstrip(), remedy)
        found = self.cells[name]
        return replace(load(found.model), name=name, settings=found.sampling)

    def frame(self) -> "pd.DataFrame":
        """A row for every figure of every cell: ``name, metric, value, low, high`` and its
        protocol. Shares are from 0 to 1."""
        import pandas as pd

        from components.reporting.tables.every_figure import figures_alone

        figures = {name: cell.figures for name, cell in self.cells.items()}
        return pd.DataFrame(figures_alone(figures).records())

    def _table(self) -> "Table":
        from components.figures.winner import REFERENCE
        from components.reporting.cells import evaluations_of
        from components.reporting.tables.ranked_table import ranked_table
        from components.reporting.tables.subject import Subject

        subjects = [
            Subject(
                name,
                cell.figures.judgement,
                evaluations_of(cell.samples),
                "" if cell.may_win else REFERENCE,
            )
            for name, cell in self.cells.items()
        ]
        return ranked_table(self.name, subjects, self.floors, self.metric)


@in_python
def run(
    file: str | Path,
    *,
    root: str | Path | None = None,
    verify: bool = False,
    quiet: bool = True,
    **overrides: Any,
) -> Results:
    """Run an experiment file as `alphabar run` does; what is published is not run again.

    It starts processes: a script calls it under ``if __name__ == "__main__":``.

    >>> found = alphabar.run("digits")
    >>> found.best in found.cells, found.report.name
    (True, 'digits')

    Args:
        file: the file, or the name of an experiment in experiments/.
        root: the project's folder; the current one unless given.
        verify: first compare every published file with its SHA-256.
        quiet: no progress on stderr, and nothing of what the command prints.
        overrides: keys of the file with other values, such as ``training={"steps": 500}`` (a
            section's other keys stay) or ``**{"training.steps": 500}``. Such a run has a name, and
            with it a report and a record, of its own, unless ``name`` is one of them.

    Raises:
        AlphabarError: the file or an override is wrong, the data is not as pinned, or stages
            failed; the others have run.
    """
    _refuse_in_a_worker()
    from flows.run.launch import run_experiment

    workspace = workspace_at(root)
    path = experiment_file(file, workspace)
    experiment = changed(path, overrides)
    place = replace(workspace, file=path.absolute())
    with _unprinted() if quiet else nullcontext():
        run_experiment(experiment, place, verify=verify, quiet=quiet)
    return _found(experiment, workspace)


@in_python
def experiment(file: str | Path, *, root: str | Path | None = None, **overrides: Any) -> Results:
    """What is published of an experiment, file or name; nothing is run.

    >>> alphabar.experiment("digits").metric
    'fd_efficientnet_lite0'
    >>> len(alphabar.experiment("digits", training={"steps": 9}).cells)
    0

    Args:
        overrides: as `run` takes them.

    Raises:
        AlphabarError: the file is wrong, or the data is not as pinned.
    """
    workspace = workspace_at(root)
    return _found(changed(experiment_file(file, workspace), overrides), workspace)


@in_python
def results(
    file: str | Path, *, root: str | Path | None = None, **overrides: Any
) -> "pd.DataFrame":
    """Every figure that is published of an experiment, file or name: a row for each of every cell,
    ``name, metric, value, low, high`` and its protocol. Shares are from 0 to 1.

    >>> table = alphabar.results("digits")
    >>> list(table.columns[:5])
    ['name', 'metric', 'value', 'low', 'high']

    Args:
        overrides: as `run` takes them.

    Raises:
        AlphabarError: the file is wrong, the data is not as pinned, or nothing is evaluated yet.
    """
    found = experiment(file, root=root, **overrides)
    if not found.cells:
        raise AlphabarError(f"no cell of {found.name} is evaluated", "run it: alphabar.run(…)")
    return found.frame()


def _refuse_in_a_worker() -> None:
    """Raise AlphabarError in a worker process that is only beginning, and reads the script that
    started it once more."""
    if getattr(multiprocessing.current_process(), "_inheriting", False):
        raise AlphabarError(
            "the script calls `alphabar.run` where it is imported, so that each process that a "
            "run starts would call it again",
            'put the call under `if __name__ == "__main__":`',
        )


def _unprinted() -> "redirect_stdout[StringIO]":
    """Within it nothing is printed on stdout: what a command prints, a function returns."""
    return redirect_stdout(StringIO())


def _found(experiment: "Experiment", workspace: Workspace) -> Results:
    from components.figures.record import read_judgement
    from components.figures.winner import best_cell
    from flows.run.outside import plan_here

    plan, store = plan_here(experiment, workspace), workspace.store
    whole = [cell for cell in plan.cells if store.has(cell.evaluate)]
    able = any(cell.may_win for cell in whole)
    report = workspace.reports(experiment.name)
    real = next((cell.reference for cell in whole if store.has(cell.reference)), None)
    floors = read_judgement(store.checked(real)).figures if real else {}
    return Results(
        experiment.name,
        plan.ranked_by,
        best_cell(replace(plan, cells=whole), store).name if able else None,
        {
            cell.name: Cell(
                Figures(
                    cell.name, "the holdout", read_judgement(store.checked(cell.evaluate)), floors
                ),
                store.path(cell.train),
                store.path(cell.sample),
                cell.sample.settings["sampling"],
                cell.may_win,
            )
            for cell in whole
        },
        report if report.is_dir() else None,
        floors,
        store.path(whole[0].evaluate.inputs["data"]) if whole else None,
        experiment,
    )


@in_python
def compare(
    *runs: str, out: str | Path | None = None, root: str | Path | None = None
) -> "pd.DataFrame":
    """Two or more recorded runs side by side: a row for every figure, with the differences.

    Writes the page and the table that `alphabar compare` writes.

    >>> table = alphabar.compare("digits", out="table.csv")
    >>> {"difference", "p_holm", "standing"} <= set(table.columns)
    True

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
    with _unprinted():
        found = compare_runs(texts_of(runs, "run", "digits"), workspace_at(root), place)
    return pd.DataFrame(found.figures.records())
