"""MLflow's pages of the sweep that ended last, and what must stand there."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import quote

from screens.looks import Look, drawn, shows, there

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run
    from playwright.sync_api import Page

CARD = "[data-testid=experiment-view-compare-runs-card]"
CLOSE = "[data-component-id='mlflow.assistant.chat_panel.close']"
MOST = 12
"""Rows that are looked for: MLflow's table draws what is in the window alone."""
FINISHED = "tags.row = 'sweep' AND attributes.status = 'FINISHED'"


@dataclass(frozen=True)
class Sweep:
    """A finished sweep as MLflow has it.

    Attributes:
        rows: its runs, newest first.
        cells: those of them that are its cells.
        metric: by which the cells are ranked.
        about: the description of its experiment.
    """

    client: "MlflowClient"
    run: "Run"
    rows: "list[Run]"
    cells: "list[Run]"
    metric: str
    about: str

    @property
    def best(self) -> "Run":
        """The run of the cell that won."""
        from components.tracking.search import BEST

        named = self.run.data.tags.get(BEST, "")
        found = [cell for cell in self.cells if cell.info.run_name == named]
        assert found, f"the sweep's best is “{named}”, and no cell has that name"
        return found[0]


def last_sweep(address: str) -> Sweep | None:
    """The finished sweep that began last; None where there is none.

    Raises:
        AssertionError: its cells do not say what ranks them.
    """
    from mlflow import MlflowClient

    from components.tracking.rows import NOTE, OF_SWEEP
    from components.tracking.search import RANKED_BY

    client = MlflowClient(address)
    numbers = [each.experiment_id for each in client.search_experiments()]
    found = client.search_runs(numbers, FINISHED, max_results=1, order_by=["start_time DESC"])
    if not found:
        return None
    run, number = found[0], found[0].info.experiment_id
    rows = [
        each
        for each in client.search_runs([number], order_by=["start_time DESC"])
        if each.data.tags.get(OF_SWEEP) == run.info.run_name
    ]
    cells = [each for each in rows if each.data.tags.get("row") == "cell"]
    ranked = {each.data.tags.get(RANKED_BY, "") for each in cells} - {""}
    assert len(ranked) == 1, f"the cells of {run.info.run_name} do not say what ranks them"
    about = client.get_experiment(number).tags.get(NOTE, "")
    return Sweep(client, run, rows, cells, ranked.pop(), about)


def mlflow_looks(address: str, skipped: list[str]) -> Iterator[Look]:
    """The pages of what ran last; what is not there is added to ``skipped``."""
    from components.tracking.rows import VIEW

    sweep = last_sweep(address)
    if sweep is None:
        skipped.append("MLflow's pages: no sweep has finished")
        return
    number = sweep.run.info.experiment_id
    runs = f"{address}/#/experiments/{number}/runs"
    charts = f"{runs}{VIEW}&compareRunsMode=CHART"
    yield Look("mlflow-runs", f"{runs}{VIEW}&compareRunsMode=", partial(_runs, sweep))
    yield Look("mlflow-charts", charts, partial(_charts, sweep))
    yield Look("mlflow-images", charts, partial(_images, sweep))
    yield Look("mlflow-sweep", f"{runs}/{sweep.run.info.run_id}{VIEW}", partial(_run, sweep))
    if len(sweep.cells) > 1:
        which = quote(json.dumps([cell.info.run_id for cell in sweep.cells]))
        among = quote(json.dumps([number]))
        compared = f"{address}/#/compare-runs?runs={which}&experiments={among}&{VIEW[1:]}"
        yield Look("mlflow-compare", compared, partial(_compare, sweep))
    else:
        skipped.append("mlflow-compare: the sweep has one cell")
    versions = sweep.client.search_model_versions(order_by=["last_updated_timestamp DESC"])
    if not versions:
        skipped.append("mlflow-model: no model is registered")
        return
    name, version = versions[0].name, versions[0].version
    place = f"{address}/#/models/{quote(name, safe='')}/versions/{version}{VIEW}"
    yield Look("mlflow-model", place, partial(_version, sweep.client, name, version))


def _runs(sweep: Sweep, page: "Page") -> None:
    """The table: every row by its name, above them what the experiment has found."""
    from components.tracking.search import BEST

    _alone(page)
    shows(page, [str(run.info.run_name) for run in sweep.rows[:MOST]])
    shows(page, ["Run Name", "Dataset", "Duration", "matching runs"])
    assert sweep.about, "the experiment has no description"
    shows(page, [f"Latest sweep: {sweep.run.data.tags[BEST]}", _figure(sweep)])


def _charts(sweep: Sweep, page: "Page") -> None:
    """The figure that ranks as a chart: a bar a cell that has it, the best one's value on its."""
    _alone(page)
    _search(page, sweep.metric)
    card = page.locator(CARD).filter(has_text=sweep.metric).first
    having = [cell for cell in sweep.cells if sweep.metric in cell.data.metrics]
    there(card.locator(".bars path"), f"bars of {sweep.metric}", len(having))
    told = card.inner_text()
    for words in (str(sweep.best.info.run_name), f"{sweep.best.data.metrics[sweep.metric]:.2f}"):
        assert words in told, f"the chart of {sweep.metric} does not show “{words}”: {told}"


def _images(sweep: Sweep, page: "Page") -> None:
    """The image grid: a prompt's picture of each cell that has one."""
    from components.tracking.images import logged_images

    _alone(page)
    keys = sorted({key for key, _ in logged_images(sweep.client, sweep.best.info.run_id)})
    assert keys, f"no picture is logged of {sweep.best.info.run_name}"
    _search(page, keys[0])
    card = page.locator(CARD).filter(has_text=keys[0]).first
    drawn(card.locator("img"), f"pictures of {keys[0]}", len(sweep.cells[:MOST]))
    shows(page, [str(cell.info.run_name) for cell in sweep.cells[:MOST]])


def _run(sweep: Sweep, page: "Page") -> None:
    """The sweep's run: what it found as a table of its cells, and links that lead somewhere."""
    from components.tracking.search import BEST

    shows(page, [str(sweep.run.info.run_name), "Description"])
    _alone(page)
    more = page.get_by_role("button", name="Show more")
    if more.count():
        more.first.click()
    best = sweep.run.data.tags[BEST]
    listed = [cell for cell in sweep.cells if cell.info.run_name in sweep.run.data.tags[_note()]]
    assert listed, "the sweep's description names no cell"
    shows(page, [f"Best: {best}, {_figure(sweep)}"])
    table = page.locator("table").filter(has=page.get_by_role("columnheader", name="cell"))
    there(table, "tables of the cells in the description")
    told = table.first.inner_text()
    for cell in listed:
        assert str(cell.info.run_name) in told, (
            f"the description's table lacks {cell.info.run_name}"
        )
    _links(sweep, page)


def _links(sweep: Sweep, page: "Page") -> None:
    """Each link of ours leads to a run that is there, and to a file that it has."""
    found = [link for link in page.locator("a").all() if link.inner_text() == "report"]
    assert found, "the description has no link to the report"
    for link in found:
        place = (link.get_attribute("href") or "").partition("?")[0]
        run, _, file = place.partition("/runs/")[2].partition("/artifacts/")
        assert run == sweep.run.info.run_id, f"the link to the report leads to {place}"
        beside = [each.path for each in sweep.client.list_artifacts(run, file.rpartition("/")[0])]
        assert file in beside, f"the link to the report leads to {file}, which is not there"


def _compare(sweep: Sweep, page: "Page") -> None:
    """The comparison: parallel coordinates with an axis a setting, every cell by its name."""
    shows(page, [str(cell.info.run_name) for cell in sweep.cells])
    _alone(page)
    shows(page, ["Parallel Coordinates Plot", sweep.metric])
    settings = {name for cell in sweep.cells for name in cell.data.params}
    assert settings, "the cells have no parameters: nothing to compare them by"
    axes = page.locator(".parcoords .axis-title")
    there(axes, "axes of the parallel coordinates", 2)
    drawn_axes = set(axes.all_text_contents())
    assert drawn_axes & settings, f"no axis is a setting: {', '.join(sorted(drawn_axes))}"


def _version(client: "MlflowClient", name: str, version: str, page: "Page") -> None:
    """A registered version: its number, its aliases, and its card as description."""
    found = client.get_model_version(name, str(version))
    shows(page, [f"Version {version}", name, *(f"@ {alias}" for alias in found.aliases)])
    _alone(page)
    assert found.description, f"{name} version {version} has no description"
    heads = [line.lstrip("# ") for line in found.description.splitlines() if line.startswith("#")]
    assert heads, f"the description of {name} version {version} is no card"
    shows(page, heads)


def _figure(sweep: Sweep) -> str:
    """The winner's figure, in the words of the record."""
    from components.tracking.sweep_record import BEST_FIGURE

    found: str = sweep.run.data.tags.get(BEST_FIGURE, "")
    value = f"{sweep.metric} {sweep.best.data.metrics[sweep.metric]:.3g}"
    assert found.startswith(sweep.metric), f"“{found}” is not {value}"
    return found


def _note() -> str:
    from components.tracking.rows import NOTE

    return NOTE


def _alone(page: "Page") -> None:
    """Without MLflow's own assistant, which takes a quarter of the window."""
    page.locator("body").get_by_text("Model training").first.wait_for()
    if (panel := page.locator(CLOSE)).count():
        panel.first.click()


def _search(page: "Page", text: str) -> None:
    field = page.get_by_placeholder("Search metric charts")
    there(field, "fields to search charts")
    field.fill(text)
