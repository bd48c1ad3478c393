"""What a folder of samples says of the model that drew them."""

from pathlib import Path

import pytest

from components.errors import AlphabarError
from components.files.json_file import write_json
from components.files.new_folder import seal_folder
from components.files.samples import DRAWN_BY
from components.preference.models import drawn_by


def publish(directory: Path, key: str, model: str, guidance: float) -> None:
    """A manifest as the store writes one."""
    sampling = {"solver": "ddim", "guidance": guidance}
    manifest = {
        "stage": "sample",
        "key": key,
        "inputs": {"data": "d" * 64, "model": model},
        "spec": {"sampling": sampling, "samples": 40},
    }
    seal_folder(directory, manifest)


def test_samples_of_a_stage_say_which_model_drew_them(models: dict[str, Path]) -> None:
    publish(models["baseline"], "a1" * 32, "a0" * 32, 2.0)
    assert drawn_by(models["baseline"]) == {
        "sample": "a1" * 32,
        "model": "a0" * 32,
        "sampling": {"solver": "ddim", "guidance": 2.0},
        "registered": None,
        "from": "a stage `sample`",
    }


def test_samples_of_a_command_say_what_it_has_written(models: dict[str, Path]) -> None:
    said = {"model": "a0" * 32, "sampling": {"steps": 4}, "registered": "digits@3", "from": "x"}
    write_json(models["baseline"] / DRAWN_BY, said)
    assert drawn_by(models["baseline"]) == said | {"sample": None}


@pytest.mark.parametrize("manifest", [None, {"key": "c" * 64, "inputs": {}, "spec": {}}])
def test_images_that_nobody_says_anything_of_have_their_folder_s_name(
    models: dict[str, Path], manifest: dict[str, object] | None
) -> None:
    if manifest:
        seal_folder(models["baseline"], manifest)
    found = drawn_by(models["baseline"])
    assert found.pop("from") == models["baseline"].name
    assert set(found.values()) == {None}


@pytest.mark.parametrize("name", ["manifest.json", DRAWN_BY])
def test_a_broken_file_is_named(models: dict[str, Path], name: str) -> None:
    (models["baseline"] / name).write_text("{")
    with pytest.raises(AlphabarError, match=rf"{name} "):
        drawn_by(models["baseline"])
