from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from components.errors import AlphabarError
from components.reporting.cells import model_names, read_cells, read_history, sampler_name


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
        {"model": "schedule=cosine,lr=0.1", "schedule": "cosine"},
        {"model": "base", "schedule": "linear"},
    ]
    same, other = Path("a"), Path("b")
    assert model_names(cells, [same, same]) == ["schedule cosine, lr 0.1"] * 2
    assert model_names(cells, [same, other])[1] == "schedule linear"


def test_cells_are_read_in_the_plans_order(report_input: SimpleNamespace) -> None:
    cells = read_cells(report_input.spec, report_input.inputs)
    assert [cell.guidance for cell in cells] == [1, 2, 4, 1, 2, 4, 2]
    assert cells[4].figures["fd_efficientnet_lite0"].value == 153.0
    assert cells[6].line == "schedule cosine, ddpm, 250 steps"
    assert cells[0].evaluations in (50, 100)


def test_a_broken_history_is_named(report_input: SimpleNamespace) -> None:
    directory = report_input.inputs["train:0"]
    (directory / "history.csv").write_text("step,loss\n1,abc\n")
    with pytest.raises(AlphabarError, match=r"history\.csv .*is broken"):
        read_history(directory, "a")
    (directory / "history.csv").unlink()
    with pytest.raises(AlphabarError, match=r"history\.csv does not exist"):
        read_history(directory, "a")
