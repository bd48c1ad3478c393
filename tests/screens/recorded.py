"""A project whose sweep was recorded without having been run: two small cells, and a model."""

import csv
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from components.files.new_folder import seal_folder
from components.spec.loading import parse_experiment
from components.spec.plan import Node, Plan, plan_baselines
from components.store import Store
from components.tracking import connect
from components.tracking.sweep_record import SweepRecord
from flows.run.artifact import artifact_key, as_markdown
from flows.run.results import Outcome
from flows.servers.prefect_client import prefect_client
from flows.workspace import Workspace
from tests.figures.made import record, write_record
from tests.model_config import write_fake_weights

FD = "fd_efficientnet_lite0"
VALUES: dict[str, Any] = {
    "name": "digits",
    "data": {"source": "digits"},
    "evaluation": {"clip": "none"},
    "sweep": {"process.schedule": ["linear", "cosine"], "sampling.guidance": [1, 2]},
    "registry": {"model": "digits"},
}
LABELS = ("zero", "one")


def write_project(root: Path) -> Outcome:
    """The published stages, the report's folder, and all of it in ``root``'s mlruns."""
    plan = plan_baselines(parse_experiment(VALUES, "the test"), lambda _: "abc.dir")
    store = Store(root / "artifacts")
    for number, cell in enumerate(plan.cells):
        for node, write in ((cell.train, _train), (cell.sample, _sample)):
            _publish(store, node, write)
        _publish(store, cell.evaluate, lambda out, k=number: _judge(out, 200.0 - 10 * k))  # type: ignore[misc]
        _publish(store, cell.reference, lambda out: _judge(out, 20.0))
    report = root / "reports" / "digits"
    report.mkdir(parents=True)
    (report / "index.html").write_text("<h1>digits</h1>")
    Image.new("RGB", (60, 40), (90, 20, 20)).save(report / "samples.png")
    best = plan.cells[-1]
    told = _record(root, plan, store, report)
    return Outcome(plan, best, None, report, {}, 9, 9, tuple(told))


def _record(root: Path, plan: Plan, store: Store, report: Path) -> list[str]:
    sweep = SweepRecord(connect(None, root), plan, store)
    best = plan.cells[-1]
    sweep.baselines(plan)
    sweep.winner(best, report)
    told = sweep.registered(best, None, None)
    sweep.described(best, told)
    sweep.end("FINISHED")
    return told


def write_flow_run(root: Path, api: str, outcome: Outcome) -> None:
    """What Prefect has of a run that has ended: its states, its log and its artifact."""
    from prefect import flow
    from prefect.client.schemas.actions import ArtifactCreate, LogCreate
    from prefect.states import Completed, Running

    @flow(name="alphabar")
    def alphabar() -> None:
        """Never run."""

    with prefect_client(api, root) as client:
        run = client.create_flow_run(alphabar, name="digits 2026-11-27 08:50")
        client.set_flow_run_state(run.id, Running(), force=True)
        lines = ("Beginning flow run", "prepare: started", "prepare: done in 11.3 s")
        named = {"name": "prefect.flow_runs", "level": 20, "flow_run_id": run.id}
        now = datetime.now(UTC)
        client.create_logs([LogCreate(message=line, timestamp=now, **named) for line in lines])
        workspace = Workspace(root, root / "artifacts")
        text = as_markdown(outcome, workspace, "", [])
        left = {"key": artifact_key("digits"), "type": "markdown", "data": text}
        body = ArtifactCreate(flow_run_id=run.id, **left).model_dump(
            mode="json", exclude_unset=True
        )
        client.request("POST", "/artifacts/", json=body)
        client.set_flow_run_state(run.id, Completed(), force=True)


def _publish(store: Store, node: Node, write: Any) -> None:
    out = store.path(node)
    if out.is_dir():
        return
    out.mkdir(parents=True)
    write(out)
    ended = datetime(2026, 11, 27, 8, 50, tzinfo=UTC).isoformat()
    about = {"ended": ended, "wall_seconds": 2.0, "git_commit": "c0ffee", "licences": []}
    seal_folder(out, {"stage": node.stage, "key": node.key, "device": "cpu", **about})


def _train(out: Path) -> None:
    lines = [f"{step},{1 / step},0.001,0.5\n" for step in range(1, 4)]
    (out / "history.csv").write_text("step,loss,lr,grad_norm\n" + "".join(lines))
    write_fake_weights(out)
    (out / "metrics.json").write_text(json.dumps({"loss": 0.1, "parameters": 3, "steps": 3}))


def _sample(out: Path) -> None:
    np.save(out / "images.npy", np.arange(128, dtype=np.uint8).reshape(2, 8, 8, 1))
    with (out / "samples.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["index", "seed", "class", "label", "caption"])
        writer.writerows([k, k, k, LABELS[k], f"the digit {LABELS[k]}"] for k in range(2))
    Image.new("L", (24, 16)).save(out / "grid.png")
    (out / "metrics.json").write_text('{"samples": 2, "network_evaluations": 50}')


def _judge(out: Path, value: float) -> None:
    figure = record(value, 5.0, extractor="efficientnet_lite0", resize="bilinear")
    write_record(out, {"metrics": {FD: figure}})
