from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from components.errors import AlphabarError
from components.figures.comparison import unpaired
from components.files.manifest import write_manifest
from components.reporting.cells import (
    model_names,
    read_cells,
    read_history,
    stage_path,
    stored_subject,
)
from components.reporting.results import Results
from components.reporting.words.naming import sampler_name

FD = "fd_efficientnet_lite0"


def sampling(**changes: object) -> dict[str, Any]:
    return {"solver": "ddim", "steps": 50, "guidance": 1.0, "eta": 0.0, "seed": 0} | changes


def test_a_sampler_is_named_by_what_differs() -> None:
    settings = [sampling(), sampling(guidance=2.5), sampling(solver="ddpm", steps=250)]
    names = [sampler_name(s, settings) for s in settings]
    assert names == [
        "guidance 1, ddim, 50 steps",
        "guidance 2.5, ddim, 50 steps",
        "guidance 1, ddpm, 250 steps",
    ]
    assert sampler_name(settings[1], settings, without=("guidance",)) == "ddim, 50 steps"


def test_a_single_sampler_is_named_by_its_guidance() -> None:
    assert sampler_name(sampling(), [sampling()]) == "guidance 1"
    assert sampler_name(sampling(), [sampling()], without=("guidance",)) == ""


def test_cells_of_one_network_share_its_name() -> None:
    cells = [
        {"overrides": {"process.schedule": "cosine", "training.lr": 0.1}, "schedule": "cosine"},
        {"overrides": {"sampling.steps": 10}, "schedule": "linear"},
    ]
    same, other = Path("a"), Path("b")
    assert model_names(cells, [same, same]) == ["schedule cosine, lr 0.1"] * 2
    assert model_names(cells, [same, other])[1] == "schedule linear"


def test_cells_are_read_in_the_plans_order(report_input: SimpleNamespace) -> None:
    cells = read_cells(report_input.spec, report_input.inputs)
    assert [cell.guidance for cell in cells] == [1, 2, 4, 1, 2, 4, 2]
    assert cells[4].figures["fd_efficientnet_lite0"].value == 153.0
    assert cells[6].line == "schedule cosine, ddpm, 250 steps"
    assert cells[6].curve == "schedule cosine, guidance 2, ddpm"
    assert [cell.evaluations for cell in cells] == [50, 100, 100, 50, 100, 100, 500]


def test_a_cell_knows_every_setting_that_the_sweep_changes(schedules: Results) -> None:
    assert schedules.cells[0].settings == {
        "process.schedule": "linear",
        "process.zero_terminal_snr": False,
        "process.prediction": "v",
    }
    assert schedules.cells[4].settings["process.zero_terminal_snr"] is True


def test_the_only_network_is_not_named_in_every_line(solvers: Results) -> None:
    assert {cell.model for cell in solvers.cells} == {"schedule cosine"}
    assert solvers.cells[0].line == "ddim, 5 steps"
    assert solvers.cells[0].curve == "ddim"


def test_a_broken_history_is_named(report_input: SimpleNamespace) -> None:
    directory = report_input.inputs["train:0"]
    (directory / "history.csv").write_text("step,loss\n1,abc\n")
    with pytest.raises(AlphabarError, match=r"history\.csv .*is broken"):
        read_history(directory, "a")
    (directory / "history.csv").unlink()
    with pytest.raises(AlphabarError, match=r"history\.csv does not exist"):
        read_history(directory, "a")


def test_a_stored_subject_pairs_with_others_of_its_prompts(rich_input: SimpleNamespace) -> None:
    one, other = (
        stored_subject(
            f"r{i}", rich_input.inputs[f"evaluate:{i}"], rich_input.inputs[f"sample:{i}"]
        )
        for i in (0, 1)
    )
    assert (one.name, one.evaluations) == ("r0", 50.0)
    assert unpaired(one.figures[FD], other.figures[FD]) == ""


def test_a_cell_without_pseudo_values_and_pairs_has_its_figures(
    report_input: SimpleNamespace,
) -> None:
    cell = read_cells(report_input.spec, report_input.inputs)[0]
    assert all(figure.measured.generated is None for figure in cell.figures.values())
    assert (cell.judgement.groups, cell.pairs) == ({}, None)


def test_a_stage_is_called_by_its_key_wherever_its_directory_lies(tmp_path: Path) -> None:
    key = "0123456789abcdef" * 4
    assert stage_path(tmp_path / "finetune" / key) == f"artifacts/finetune/{key}"
    copied = tmp_path / "pipeline" / "finetune-0"
    copied.mkdir(parents=True)
    assert stage_path(copied) == ""
    write_manifest(copied, {"stage": "finetune", "key": key, "files": {}})
    assert stage_path(copied) == f"artifacts/finetune/{key}"
