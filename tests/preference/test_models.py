from pathlib import Path

import pytest

from components.errors import AlphabarError
from components.files.new_folder import seal_folder
from components.preference.models import FILE, Side, read_models, write_models


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


def test_the_study_says_which_two_models_it_compares(
    models: dict[str, Path], tmp_path: Path
) -> None:
    publish(models["baseline"], "a1" * 32, "a0" * 32, 2.0)
    publish(models["finetuned"], "b1" * 32, "b0" * 32, 3.0)
    write_models(models, tmp_path)
    assert read_models(tmp_path) == {
        "baseline": Side("a1" * 32, "a0" * 32, {"solver": "ddim", "guidance": 2.0}),
        "finetuned": Side("b1" * 32, "b0" * 32, {"solver": "ddim", "guidance": 3.0}),
    }


@pytest.mark.parametrize("manifest", [None, {"key": "c" * 64, "inputs": {}, "spec": {}}])
def test_images_that_no_drawing_stage_published_have_nobody_s_name(
    models: dict[str, Path], tmp_path: Path, manifest: dict[str, object] | None
) -> None:
    publish(models["finetuned"], "b1" * 32, "b0" * 32, 3.0)
    if manifest:
        seal_folder(models["baseline"], manifest)
    write_models(models, tmp_path)
    found = read_models(tmp_path)
    assert found["baseline"] is None
    assert found["finetuned"] is not None


def test_a_study_of_before_is_refused_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(AlphabarError, match=r"models\.json does not exist") as caught:
        read_models(tmp_path)
    assert "run the experiment again" in caught.value.remedy


@pytest.mark.parametrize(
    "text", ["{", "[]", "{}", '{"baseline": {"key": "x"}, "finetuned": null}', '{"baseline": 3}']
)
def test_a_broken_file_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / FILE).write_text(text)
    with pytest.raises(AlphabarError, match=r"models\.json is broken"):
        read_models(tmp_path)


def test_a_broken_manifest_is_named(models: dict[str, Path], tmp_path: Path) -> None:
    (models["baseline"] / "manifest.json").write_text("{")
    with pytest.raises(AlphabarError, match=r"manifest\.json is broken"):
        write_models(models, tmp_path)
