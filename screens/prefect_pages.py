"""Prefect's pages of the run that ended last, and what must stand there."""

import json
import urllib.request
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

from screens.looks import Look, drawn, shows, there

if TYPE_CHECKING:
    from playwright.sync_api import Page

FLOW = "alphabar"
SECONDS = 20
MOST = 10
"""Runs that are looked for on the page of all runs."""
FEW = 3
"""Lines of the log that are looked for."""


def prefect_looks(address: str, skipped: list[str]) -> Iterator[Look]:
    """The pages of what ran last; what is not there is added to ``skipped``."""
    ours = {"flows": {"name": {"any_": [FLOW]}}, "sort": "START_TIME_DESC"}
    runs = [run for run in _ask(address, "flow_runs", ours) if run["start_time"]]
    if not runs:
        skipped.append("Prefect's pages: no run of alphabar has begun")
        return
    yield Look("prefect-runs", f"{address}/runs", partial(_runs, runs[:MOST]))
    last = next((run for run in runs if run["state_type"] == "COMPLETED"), None)
    if last is None:
        skipped.append("prefect-run, prefect-artifact: no run has completed")
        return
    which = {"logs": {"flow_run_id": {"any_": [last["id"]]}}, "sort": "TIMESTAMP_ASC"}
    lines = [line["message"] for line in _ask(address, "logs", which)]
    page = f"{address}/runs/flow-run/{last['id']}"
    yield Look("prefect-run", page, partial(_run, last["name"], lines))
    left = {"artifacts": {"flow_run_id": {"any_": [last["id"]]}, "type": {"any_": ["markdown"]}}}
    if not (artifacts := _ask(address, "artifacts", left)):
        skipped.append(f"prefect-artifact: the run {last['name']} has left none")
        return
    found = artifacts[0]
    place = f"{address}/artifacts/artifact/{found['id']}"
    yield Look("prefect-artifact", place, partial(_artifact, found["key"], found["data"]))


def _runs(runs: list[dict[str, Any]], page: "Page") -> None:
    """All runs by their names."""
    shows(page, [run["name"] for run in runs])


def _run(name: str, lines: list[str], page: "Page") -> None:
    """One run: its name, how it ended, its log."""
    shows(page, [name, "Completed", "Logs", "Artifacts"])
    assert lines, f"the run {name} has no log"
    shows(page, [line.splitlines()[0] for line in lines[:FEW]])


def _artifact(key: str, text: str, page: "Page") -> None:
    """What a run leaves: its words, the table of its cells, the picture of its samples."""
    shows(page, [key, "Best:"])
    heads = [line.lstrip("# ") for line in text.splitlines() if line.startswith("#")]
    assert {"Results"} <= set(heads), f"the artifact {key} has no results: {', '.join(heads)}"
    shows(page, heads)
    table = page.locator("table").filter(has=page.get_by_role("columnheader", name="cell"))
    there(table, "tables with the header “cell”")
    there(table.first.locator("tbody tr"), "rows in the table of the cells")
    if "](data:image" in text:
        drawn(page.locator("img[src^='data:image']"), "pictures of samples")


def _ask(address: str, what: str, which: dict[str, Any]) -> list[dict[str, Any]]:
    """Prefect's records of one sort."""
    body = json.dumps(which).encode()
    head = {"Content-Type": "application/json"}
    request = urllib.request.Request(f"{address}/api/{what}/filter", body, head)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request, timeout=SECONDS) as answer:
        found: list[dict[str, Any]] = json.load(answer)
    return found
