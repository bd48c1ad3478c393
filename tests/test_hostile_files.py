"""What is read from a published or a given folder: a hostile file ends as one short message."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from components.data.arrays import load_info
from components.data.sources.folder import read_rows
from components.errors import AlphabarError
from components.figures.closest import read_pairs
from components.figures.record import read_judgement
from components.files.manifest import read_manifest
from components.preference.models import drawn_by
from components.spec.model_folder import own_sampling

READERS: dict[str, tuple[str, Callable[[Path], Any]]] = {
    "prepared data": ("dataset.json", load_info),
    "whose samples": ("drawn_by.json", drawn_by),
    "a model's settings": ("sampling.json", own_sampling),
    "an evaluation": ("metrics.json", read_judgement),
    "its closest pairs": ("closest_pairs.json", read_pairs),
    "a manifest": ("manifest.json", read_manifest),
    "a user's captions": ("metadata.jsonl", lambda folder: read_rows(folder, "caption", "label")),
}

HOSTILE = {
    "nested lists": '{"a": ' + "[" * 100_000,
    "nested and whole": '{"a": ' + "[" * 500 + "]" * 500 + "}",
    "a huge integer": '{"a": ' + "9" * 6000 + "}",
    "NaN": '{"a": NaN}',
    "half a surrogate pair": '{"a": "\\ud800"}',
    "a list": "[]",
    "a long text": '"' + "x" * 200_000 + '"',
    "nothing": "",
}


@pytest.mark.parametrize(("name", "read"), READERS.values(), ids=READERS)
@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_file_ends_as_one_short_message(
    tmp_path: Path, name: str, read: Callable[[Path], Any], content: str
) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(AlphabarError) as caught:
        read(tmp_path)
    assert str(tmp_path) in caught.value.what
    assert len(str(caught.value)) < 800
