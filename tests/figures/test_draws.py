from pathlib import Path

import numpy as np
import pytest

from components.errors import AlphabarError
from components.figures.draws import draws_of, prompts_digest, read_draws
from components.files.samples import SampleRow


def test_pseudo_values_are_read_by_metric(tmp_path: Path) -> None:
    arrays = {"fd_x|generated": np.arange(3.0), "fd_x|reference": np.ones(2), "seeds": np.arange(3)}
    np.savez(tmp_path / "pseudo_values.npz", **arrays)
    found = read_draws(tmp_path, "prompts")
    assert list(found) == ["fd_x"]
    assert found["fd_x"].prompts == "prompts"
    np.testing.assert_array_equal(found["fd_x"].generated, [0.0, 1.0, 2.0])
    np.testing.assert_array_equal(found["fd_x"].seeds, [0, 1, 2])
    assert draws_of(found, "fd_x") is found["fd_x"]
    assert draws_of(found, "kd_x") is None


def test_older_evaluations_have_none(tmp_path: Path) -> None:
    assert read_draws(tmp_path) == {}


def test_a_broken_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "pseudo_values.npz"
    for content in (b"", b"no archive", b"PK\x03\x04 cut off"):
        path.write_bytes(content)
        with pytest.raises(AlphabarError, match=r"pseudo_values\.npz is broken"):
            read_draws(tmp_path)


def test_images_without_seeds_have_none(tmp_path: Path) -> None:
    np.savez(tmp_path / "pseudo_values.npz", **{"fd_x|generated": np.arange(3.0)})
    assert read_draws(tmp_path)["fd_x"].seeds is None


def test_prompts_are_alike_when_class_and_caption_are_in_order() -> None:
    rows = [SampleRow(0, 5, 1, "one", "a one"), SampleRow(1, 6, 2, "two", "a two")]
    same = [SampleRow(0, 9, 1, "one", "a one"), SampleRow(1, 8, 2, "two", "a two")]
    assert prompts_digest(rows) == prompts_digest(same)
    assert prompts_digest(rows) != prompts_digest(rows[::-1])
