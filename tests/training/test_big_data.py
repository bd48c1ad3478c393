"""Data that fit into no memory: what training takes of it does not grow with it."""

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from benchmarks.big_data import Inputs, make_latents, make_pixels, peak
from benchmarks.memory import Anonymous

FEW, MANY, SIDE, STEPS, BATCH = 1000, 150_000, 64, 4, 8
MIB = 2**20
BOUND = 100 * MIB
"""The order of a pass and the classes have 1 MiB each; the rest is what torch keeps."""

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads Linux's /proc")


@pytest.mark.slow
@pytest.mark.parametrize("make", [make_pixels, make_latents])
def test_a_training_and_its_going_on_hold_none_of_their_images(
    make: Callable[..., Inputs], tmp_path: Path
) -> None:
    few, many = make(tmp_path / "few", FEW, SIDE), make(tmp_path / "many", MANY, SIDE)
    trained_on = many.get("encoded", many["data"])
    assert (trained_on / "train.npy").stat().st_size > 1.4 * BOUND
    before = peak(few, tmp_path / "of-few", STEPS, BATCH)
    assert peak(many, tmp_path / "of-many", STEPS, BATCH) - before < BOUND


def test_memory_that_is_taken_and_given_back_meanwhile_is_seen(tmp_path: Path) -> None:
    np.save(tmp_path / "array.npy", np.ones(200 * MIB, np.uint8))
    with Anonymous() as mapped:
        assert np.load(tmp_path / "array.npy", mmap_mode="r").sum() == 200 * MIB
    with Anonymous() as loaded:
        assert np.load(tmp_path / "array.npy").sum() == 200 * MIB
    assert mapped.grown < 50 * MIB
    assert loaded.grown > 150 * MIB
