"""Matrix products by SciPy's BLAS, next to SciPy's decompositions.

NumPy and SciPy bring a BLAS each, with threads of its own that keep turning for some 20 ms after
a product. A decomposition by the one right after a product by the other shares its cores with
them, and takes up to twice as long.
"""

import numpy as np
from scipy.linalg import blas

from components.evaluation.intervals import Floats


def product(a: Floats, b: Floats) -> Floats:
    """a b for float64 (n, k), (k, m), in either order of memory: (n, m)."""
    if not a.size or not b.size:
        return np.zeros((a.shape[0], b.shape[1]))
    turn_a, turn_b = not a.flags.f_contiguous, not b.flags.f_contiguous
    found: Floats = blas.dgemm(
        1.0, a.T if turn_a else a, b.T if turn_b else b, trans_a=turn_a, trans_b=turn_b
    )
    return found
