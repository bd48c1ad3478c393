"""What the stage `similarity` has found is read again, or named."""

import json
from pathlib import Path

import pytest

from components.errors import AlphabarError
from components.figures.likeness import read_likeness
from components.files.manifest import listed, write_manifest

FOUND = {
    name: {"value": value, "low": value - 0.1, "high": value + 0.1}
    for name, value in {"tuned": 0.6, "baseline": 0.2, "difference": 0.4, "ceiling": 0.9}.items()
}


def written(folder: Path, content: object) -> Path:
    path = folder / "metrics.json"
    path.write_text(json.dumps(content))
    write_manifest(folder, {"files": listed({path.name: path})})
    return folder


def test_every_extractors_figures_are_read(tmp_path: Path) -> None:
    content = {"confidence": 0.95, "similarity": {"efficientnet_lite0": {**FOUND, "resize": "x"}}}
    (found,) = read_likeness(written(tmp_path, content)).values()
    assert (found.tuned.value, found.ceiling.high) == (0.6, 1.0)
    assert found.difference.text() == "0.400 [0.300, 0.500]"


@pytest.mark.parametrize("content", [{}, {"similarity": {"x": {}}}, {"similarity": [1]}])
def test_a_broken_file_is_named(tmp_path: Path, content: object) -> None:
    with pytest.raises(AlphabarError, match=r"metrics\.json is broken"):
        read_likeness(written(tmp_path, content))
