"""A model of the store is drawn as it was when it was judged."""

from pathlib import Path
from typing import Any

from components.files.new_folder import seal_folder
from flows.tools.judged_settings import judged_with
from tests.figures.made import record, write_record

MODEL = "a" * 64


def publish(root: Path, stage: str, key: str, inputs: dict[str, str], **spec: Any) -> Path:
    folder = root / stage / key
    folder.mkdir(parents=True)
    if stage == "evaluate":
        write_record(folder, {"metrics": {"fd_x": record(spec.pop("fd"), 1.0)}})
    seal_folder(folder, {"key": key, "inputs": inputs, "spec": spec})
    return folder


def test_it_is_drawn_as_its_best_cell_was(tmp_path: Path) -> None:
    model = publish(tmp_path, "train", MODEL, {})
    assert judged_with(model) is None
    publish(tmp_path, "sample", "b" * 64, {"model": MODEL}, sampling={"steps": 8})
    publish(tmp_path, "sample", "d" * 64, {"model": "f" * 64}, sampling={"steps": 99})
    found = judged_with(model)
    assert found is not None
    assert found.sampling == {"steps": 8}
    assert found.words == "the settings that it was judged with (sample/bbbbbbbbbbbb)"
    guided = {"model": MODEL, "guide": "e" * 64}
    guide = publish(tmp_path, "train", "e" * 64, {})
    publish(tmp_path, "sample", "c" * 64, guided, sampling={"steps": 12})
    publish(tmp_path, "evaluate", "1" * 64, {"samples": "b" * 64}, fd=200.0)
    publish(tmp_path, "evaluate", "2" * 64, {"samples": "c" * 64}, fd=100.0)
    found = judged_with(model)
    assert found is not None
    assert (found.sampling, found.guide) == ({"steps": 12}, guide)
    assert "the best of 2 ways" in found.words


def test_a_model_from_elsewhere_has_no_such_settings(tmp_path: Path) -> None:
    assert judged_with(tmp_path) is None
