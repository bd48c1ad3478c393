"""What a scheduled run runs, and how its page tells a fault that its user can mend."""

import json
import os
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any

import pytest
import yaml

from components.errors import AlphabarError
from components.reporting.occasion import with_occasion
from components.spec.experiment import Experiment
from components.spec.plan import plan_baselines
from flows.run.occasion import occasion
from flows.run.scheduled import given, own_folder, placed
from flows.servers.form import content_digest
from flows.servers.prefect_api import client_environment
from flows.servers.prefect_server import ensure_prefect_server
from flows.workspace import Workspace

VALUES: dict[str, Any] = {"name": "nightly", "data": {"source": "digits", "size": 8}}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "nightly.yaml"
    path.write_text(yaml.safe_dump(VALUES))
    return path


def change(file: Path) -> Experiment:
    changed = VALUES | {"training": {"steps": 77}}
    file.write_text(yaml.safe_dump(changed))
    return Experiment.model_validate(changed)


def test_a_run_reads_the_file_anew_unless_it_is_pinned(file: Path) -> None:
    before = Experiment.model_validate(VALUES)
    scheduled = {"as_scheduled": content_digest(before)}
    after = change(file)
    follows = given(before, file.name, file.parent, pin=False, **scheduled)
    assert (follows.experiment, follows.file, follows.custom) == (after, file, False)
    assert follows.words == "nightly.yaml, as it is now"
    pinned = given(before, file.name, file.parent, pin=True, **scheduled)
    assert (pinned.experiment, pinned.file, pinned.custom) == (before, None, False)
    assert pinned.words.endswith("(pinned); the file has changed since")
    file.unlink()
    assert "cannot be read" in given(before, file.name, file.parent, pin=True, **scheduled).words
    with pytest.raises(AlphabarError, match=r"nightly\.yaml"):
        given(before, file.name, file.parent, pin=False, **scheduled)


def test_what_somebody_changed_in_the_form_is_run_and_said(file: Path) -> None:
    """The form fills in defaults: what is only written out has not changed."""
    before = Experiment.model_validate(VALUES)
    scheduled = {"pin": False, "as_scheduled": content_digest(before)}
    whole = Experiment.model_validate(before.model_dump(mode="json"))
    assert not given(whole, file.name, file.parent, **scheduled).custom
    theirs = Experiment.model_validate(VALUES | {"sampling": {"guidance": 3}})
    found = given(theirs, file.name, file.parent, **scheduled)
    assert (found.experiment, found.custom) == (theirs, True)
    assert "sampling.guidance: 1.0 → 3.0" in found.words


def test_its_report_says_how_to_reproduce_it(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An unpinned run names its file; what the file does not have is beside the page alone."""
    monkeypatch.setenv("PREFECT__RUNTIME__FLOW_RUN__NAME", "mine")
    monkeypatch.setenv("PREFECT__RUNTIME__FLOW_RUN__ID", "7cec2b1e-df01-45c8-817c-39cc05a362a3")
    before = Experiment.model_validate(VALUES)
    root, scheduled = file.parent.resolve(), content_digest(before)
    theirs = Experiment.model_validate(VALUES | {"sampling": {"guidance": 3}})

    def reproduced(experiment: Experiment, *, pin: bool) -> tuple[str, dict[str, Any]]:
        found = given(experiment, file.name, root, pin=pin, as_scheduled=scheduled)
        plan = plan_baselines(found.experiment, lambda _: "hash")
        told = occasion(plan, placed(Workspace(root, root / "artifacts"), found), None)
        page = with_occasion("<!-- file: --><!-- :file -->", told)
        return " ".join(page.split()), yaml.safe_load(told.files()["experiment.yaml"])

    changed = change(file)
    page, beside = reproduced(before, pin=False)
    assert "It was run as <code>alphabar run nightly.yaml</code>" in page
    assert Experiment.model_validate(beside) == changed
    page, beside = reproduced(before, pin=True)
    assert "nightly.yaml" not in page
    assert "<code>alphabar run reports/nightly/experiment.yaml</code>" in page
    assert Experiment.model_validate(beside) == before
    page, beside = reproduced(theirs, pin=False)
    assert "<code>alphabar run reports/nightly-mine-7cec2b1e/experiment.yaml</code>" in page
    assert Experiment.model_validate(beside) == theirs


def test_its_report_lies_in_a_folder_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PREFECT__RUNTIME__FLOW_RUN__NAME", "My own / ../try")
    monkeypatch.setenv("PREFECT__RUNTIME__FLOW_RUN__ID", "7cec2b1e-df01-45c8-817c-39cc05a362a3")
    assert own_folder() == "-my-own-try-7cec2b1e"
    workspace = Workspace(tmp_path, tmp_path / "artifacts", report_suffix=own_folder())
    assert workspace.reports("nightly") == tmp_path / "reports" / "nightly-my-own-try-7cec2b1e"


def test_a_fault_that_its_user_can_mend_is_one_line_of_the_log_and_the_runs_message(
    served_root: Path, tmp_path: Path
) -> None:
    url = ensure_prefect_server(served_root, lambda line: None)
    code = (
        "from prefect.client.orchestration import get_client\n"
        "from prefect.flow_engine import flow_run_logger, run_flow\n"
        "from flows.run.scheduled import scheduled_flow as flow\n"
        f"given = {{'experiment': {VALUES!r}, 'file': 'gone.yaml', 'as_scheduled': ''}}\n"
        "with get_client(sync_client=True) as client:\n"
        "    run = client.create_flow_run(flow, name='my own', parameters=given)\n"
        "print(run.id, flush=True)\n"
        "run_flow(flow, flow_run=run, error_logger=flow_run_logger(run))\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={**os.environ, **client_environment(url, served_root)},
        capture_output=True,
        text=True,
        check=False,
        timeout=90,
    )
    which = ran.stdout.strip()
    run = asked(f"{url}/flow_runs/{which}")
    lines = asked(f"{url}/logs/filter", {"logs": {"flow_run_id": {"any_": [which]}}})
    assert (run["name"], run["state_type"]) == ("my own", "FAILED")
    assert "gone.yaml" in run["state"]["message"]
    assert run["state"]["message"] in [line["message"] for line in lines]
    assert not [line for line in lines if "Traceback" in line["message"]]


def asked(address: str, body: dict[str, Any] | None = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(address, data, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=20) as answer:
        return json.loads(answer.read())
