import json
from pathlib import Path

import numpy as np
import pytest

from components.errors import AlphabarError
from components.figures.closest import ClosestPair, ClosestPairs, read_pairs, write_pairs


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    images = np.random.default_rng(0).integers(0, 255, (2, 2, 4, 4, 1), dtype=np.uint8)
    pairs = (ClosestPair(3, 5, 0.25, 0.1), ClosestPair(0, 5, 1.0, 0.5, mirrored=True))
    write_pairs(tmp_path, ClosestPairs("x", pairs, images))
    found = read_pairs(tmp_path)
    assert found is not None
    assert (found.extractor, found.pairs) == ("x", pairs)
    np.testing.assert_array_equal(found.images, images)


def write(directory: Path, pairs: int, images: np.ndarray) -> None:
    listed = [
        {"generated": i, "training": 2 * i, "distance": 1, "ratio": 0.5} for i in range(pairs)
    ]
    (directory / "closest_pairs.json").write_text(json.dumps({"extractor": "x", "pairs": listed}))
    np.save(directory / "closest_pairs.npy", images)


def test_where_training_images_are_not_known_there_are_none(tmp_path: Path) -> None:
    assert read_pairs(tmp_path) is None


def test_files_that_do_not_belong_together_are_named(tmp_path: Path) -> None:
    for images in (np.zeros((2, 2, 4, 4, 1), np.uint8), np.zeros((3, 2, 4, 4, 1))):
        write(tmp_path, 3, images)
        with pytest.raises(AlphabarError, match="closest_pairs"):
            read_pairs(tmp_path)
    (tmp_path / "closest_pairs.npy").unlink()
    with pytest.raises(AlphabarError, match="closest_pairs"):
        read_pairs(tmp_path)
