"""What a report is told of its run: the file, what stood in it, and where MLflow has it."""

from dataclasses import replace
from pathlib import Path

import yaml

from components.spec.loading import load_experiment, parse_experiment
from components.spec.plan import plan_baselines
from flows.run.occasion import occasion
from flows.workspace import Workspace

GIVEN = "name: digits\ndata: {source: digits}\nsweep: {sampling.guidance: [1.0, 2]}\n"


def test_the_report_has_the_file_by_its_place_and_by_what_stood_in_it(tmp_path: Path) -> None:
    file = tmp_path / "experiments" / "mine.yaml"
    file.parent.mkdir()
    file.write_text(GIVEN)
    experiment = load_experiment(file)
    plan = plan_baselines(experiment, lambda _: "hash")
    here = Workspace(tmp_path.resolve(), tmp_path / "artifacts", file=file)
    told = occasion(plan, here, None)
    assert (told.file, told.place) == ("experiments/mine.yaml", "reports/digits")
    assert parse_experiment(yaml.safe_load(told.text), "the copy") == experiment
    assert told.recorded is None, "nothing is recorded here"
    outside = tmp_path.parent / "elsewhere.yaml"
    assert occasion(plan, replace(here, file=outside), None).file == "elsewhere.yaml"
    assert occasion(plan, replace(here, file=None), None).file == ""
