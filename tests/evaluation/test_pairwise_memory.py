"""What is compared pair by pair is never held as a whole."""

import tracemalloc
from collections.abc import Callable

import numpy as np
import pytest

from components.evaluation.features.comparable import Features
from components.evaluation.metrics.cmmd import cmmd_estimate
from components.evaluation.metrics.kernel import kernel_distances
from components.evaluation.metrics.overlap import overlap
from components.evaluation.metrics.training_neighbours import training_neighbours

N = 3000
WHOLE_MATRIX = 8 * N * N

PASSES: dict[str, Callable[[Features, Features], object]] = {
    "kernel": lambda x, y: kernel_distances(x, y, 0.95, 0),
    "cmmd": lambda x, y: cmmd_estimate(x, y, 0.95),
    "overlap": lambda x, y: overlap(x, y, 0.95),
    "training neighbours": training_neighbours,
}


@pytest.mark.parametrize("name", PASSES)
def test_a_pass_over_all_pairs_holds_a_part_of_them_only(name: str) -> None:
    generator = np.random.default_rng(0)
    x, y = (generator.normal(size=(N, 8)).astype(np.float32) + 0.5 for _ in range(2))
    tracemalloc.start()
    PASSES[name](x, y)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 0.5 * WHOLE_MATRIX
