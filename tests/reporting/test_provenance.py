"""What a report's head says of when, where and at what cost it was made."""

from pathlib import Path
from typing import Any

import yaml

from components.files.new_folder import seal_folder
from components.reporting.provenance import UNKNOWN, configuration, read_provenance

COMMIT = "0123456789abcdef" * 2 + "01234567"


def stage(folder: Path, name: str, **manifest: Any) -> Path:
    folder.mkdir()
    known = {
        "stage": name,
        "git_commit": COMMIT,
        "ended": "2026-11-27T07:00:00.000+00:00",
        "wall_seconds": 60.0,
        "device": "cpu",
        "processor": "EPYC, 2 cores",
        "compute": {"threads": 1, "accelerator": "cpu"},
    }
    seal_folder(folder, known | manifest)
    return folder


def test_times_add_up_by_what_was_done_and_the_date_is_that_of_the_last_stage(
    tmp_path: Path,
) -> None:
    costs = {"peak_memory_bytes": 2**30, "memory": "process", "seconds_a_step": 0.1}
    train = stage(tmp_path / "t", "train", wall_seconds=7200.0, costs=costs)
    late = stage(tmp_path / "s", "sample", ended="2026-11-27T09:31:00.000+00:00")
    more, judged = stage(tmp_path / "s2", "sample"), stage(tmp_path / "e", "evaluate")
    data = stage(tmp_path / "p", "prepare", compute=None)
    found = read_provenance([train, late, late, more, judged, data])
    assert dict(found.facts()) == {
        "made": "2026-11-27 09:31 UTC",
        "commit": COMMIT[:12],
        "hardware": "EPYC, 2 cores, 1 thread a stage",
        "time": "2 h training, 2 min sampling, 1 min judging",
        "peak memory": "1 GiB, of the process",
        "cost": "7,380 device seconds (2.05 h) in 4 stages",
    }
    assert found.commit == COMMIT


def test_a_changed_tree_or_two_commits_are_told_and_give_nothing_to_check_out(
    tmp_path: Path,
) -> None:
    dirty = stage(tmp_path / "t", "train", git_commit=f"{COMMIT}-dirty", device="NVIDIA H100")
    alone, both = (
        read_provenance([dirty]),
        read_provenance([dirty, stage(tmp_path / "s", "sample")]),
    )
    assert "with changes that were not committed" in dict(alone.facts())["commit"]
    assert dict(alone.facts())["hardware"] == "NVIDIA H100, on EPYC, 2 cores"
    assert (alone.commit, both.commit) == ("", "")


def test_folders_without_times_say_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "t"
    folder.mkdir()
    seal_folder(folder, {"stage": "train", "spec": {"network": {"kind": "unet"}}})
    assert read_provenance([folder, tmp_path]) == UNKNOWN
    assert UNKNOWN.facts() == []


def test_the_configuration_has_every_section_and_says_whose_the_plain_settings_are(
    tmp_path: Path,
) -> None:
    train = stage(tmp_path / "t", "train", spec={"network": {"kind": "unet"}})
    sample = stage(tmp_path / "s", "sample", spec={"samples": 40, "sampling": {"steps": 5}})
    judged = stage(tmp_path / "e", "evaluate", spec={"samples": 40, "clip": "domain"})
    assert yaml.safe_load(configuration([train, sample, judged])) == {
        "network": {"kind": "unet"},
        "samples": 40,
        "sampling": {"steps": 5},
        "evaluate": {"samples": 40, "clip": "domain"},
    }
    assert configuration([tmp_path]) == ""
