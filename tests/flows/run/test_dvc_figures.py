"""What Git keeps of a stage's figures for `dvc metrics`."""

import json
from pathlib import Path

import pytest

from components.errors import AlphabarError
from flows.run.dvc_figures import brief, figures_file, write_figures


def test_figures_by_the_judges_that_ship_have_short_names_and_four_digits() -> None:
    numbers = {
        "fd_efficientnet_lite0": 197.72055,
        "fd_efficientnet_lite0_low": 181.009,
        "fd_efficientnet_lite0_high": 214.43,
        "clip_score_domain": 58.7692,
        "recognised_svc": 0.98584,
        "drift_efficientnet_lite0": 0.226679,
        "kd_efficientnet_lite0": 0.18852,
        "loss": 1.0,
    }
    assert brief(numbers) == {
        "fd": 197.7,
        "fd_low": 181.0,
        "fd_high": 214.4,
        "clip": 58.77,
        "recognised": 0.9858,
        "drift": 0.2267,
    }


def test_a_figure_by_another_judge_keeps_its_whole_name_so_that_nothing_subtracts_the_two() -> None:
    others = {"fd_dinov2": 1.0, "fd_dinov2_low": 0.5, "clip_score": 2.0, "precision_dinov2": 0.5}
    assert brief(others) == others
    assert brief({"fid": 3.0, "fid_high": 4.0}) == {"fid": 3.0, "fid_high": 4.0}


def test_the_numbers_stand_beside_the_folder_and_a_damaged_summary_is_refused(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "evaluate-drift"
    folder.mkdir()
    (folder / "summary.json").write_text('{"fid": 3.14159}')
    write_figures(folder)
    assert json.loads((tmp_path / "evaluate-drift.json").read_text()) == {"fid": 3.142}
    assert figures_file(folder) == tmp_path / "evaluate-drift.json"
    (folder / "summary.json").write_text("[]")
    with pytest.raises(AlphabarError, match=r"summary\.json"):
        write_figures(folder)
