"""Matrix products by SciPy's BLAS, for use between SciPy's decompositions.

NumPy and SciPy bring a BLAS each, with threads of its own that keep turning for some 20 ms after
a product. A decomposition by the one right after a product by the other shares its cores with
them, and takes up to twice as long.
"""

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import blas, get_blas_funcs

from components.evaluation.intervals import Floats

Float = TypeVar("Float", np.float32, np.float64)


def product(a: NDArray[Float], b: NDArray[Float]) -> NDArray[Float]:
    """a b for (n, k), (k, m) of one type: (n, m)."""
    if not a.size or not b.size:
        return np.zeros((a.shape[0], b.shape[1]), a.dtype)
    gemm = get_blas_funcs("gemm", (a, b))
    turn_a, turn_b = not a.flags.f_contiguous, not b.flags.f_contiguous
    found: NDArray[Float] = gemm(
        1.0, a.T if turn_a else a, b.T if turn_b else b, trans_a=turn_a, trans_b=turn_b
    )
    return found


def add_gram(lower: Floats, a: Floats) -> Floats:
    """The lower half of aᵀ a for a (n, d), added to ``lower`` (d, d), in Fortran's order."""
    if not a.size:
        return lower
    turned = not a.flags.f_contiguous
    rows = a.T if turned else a
    found: Floats = blas.dsyrk(
        1.0, rows, beta=1.0, c=lower, trans=not turned, lower=1, overwrite_c=1
    )
    return found


def lower_gram(a: Floats) -> Floats:
    """The lower half of aᵀ a (d, d) for a (n, d), nought above the diagonal."""
    return add_gram(np.zeros((a.shape[1],) * 2, order="F"), a)


def mirror(lower: Floats) -> Floats:
    """The symmetric matrix of this lower half, in place."""
    for column in range(1, len(lower)):
        lower[:column, column] = lower[column, :column]
    return lower
