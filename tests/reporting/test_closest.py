import json
from pathlib import Path

import numpy as np
import pytest

from components.errors import AlphabarError
from components.reporting.closest import read_pairs


def write(directory: Path, pairs: int, images: np.ndarray) -> None:
    listed = [
        {"generated": i, "training": 2 * i, "distance": 1, "ratio": 0.5} for i in range(pairs)
    ]
    (directory / "closest_pairs.json").write_text(json.dumps({"extractor": "x", "pairs": listed}))
    np.save(directory / "closest_pairs.npy", images)


def test_pairs_are_read_with_their_ratios(tmp_path: Path) -> None:
    write(tmp_path, 3, np.zeros((3, 2, 4, 4, 1), np.uint8))
    found = read_pairs(tmp_path)
    assert found is not None
    assert (found.extractor, found.ratios, found.rows[2]) == ("x", (0.5, 0.5, 0.5), (2, 4))


def test_older_evaluations_have_none(tmp_path: Path) -> None:
    assert read_pairs(tmp_path) is None


def test_files_that_do_not_belong_together_are_named(tmp_path: Path) -> None:
    for images in (np.zeros((2, 2, 4, 4, 1), np.uint8), np.zeros((3, 2, 4, 4, 1))):
        write(tmp_path, 3, images)
        with pytest.raises(AlphabarError, match="closest_pairs"):
            read_pairs(tmp_path)
    (tmp_path / "closest_pairs.npy").unlink()
    with pytest.raises(AlphabarError, match="closest_pairs"):
        read_pairs(tmp_path)
