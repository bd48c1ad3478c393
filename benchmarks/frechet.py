"""The Fréchet distance beside clean-fid's, from statistics of 2,048 numbers and from features."""

import argparse
from functools import partial
from pathlib import Path

import numpy as np
from cleanfid.fid import frechet_distance as clean_fid
from numpy.typing import NDArray

from benchmarks.timing import in_turn, report
from components.evaluation.metrics.frechet import frechet_distance, frechet_of_moments
from components.evaluation.metrics.moments import Moments, moments_of

NUMBERS = 2048


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    for n in (5000, 500):
        first, second = features(n, 1), features(n, 2)
        a, b = moments_of(first), moments_of(second)
        theirs, ours = clean_fid(*plain(a), *plain(b)), frechet_of_moments(a, b)
        print(f"n = {n}: clean-fid {theirs:.10g}, alphabar {ours:.10g}, "
              f"relative difference {abs(ours / theirs - 1):.1e}")  # fmt: skip
        contenders = {
            "clean-fid": partial(clean_fid, *plain(a), *plain(b)),
            "alphabar, from statistics": partial(frechet_of_moments, a, b),
            "alphabar, from features": partial(frechet_distance, first, second),
        }
        seconds = in_turn(contenders, options.rounds)
        report(f"Fréchet distance, {n} x {NUMBERS}", seconds, "clean-fid", options.out)


def features(n: int, seed: int) -> NDArray[np.float32]:
    """Features (n, 2048) with a falling spectrum, as a network's have."""
    generator = np.random.default_rng(seed)
    scale = np.arange(1, NUMBERS + 1) ** -0.5
    mixed = generator.normal(size=(NUMBERS, NUMBERS)) / NUMBERS**0.5
    return ((generator.normal(size=(n, NUMBERS)) * scale) @ mixed).astype(np.float32)


def plain(moments: Moments) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    return moments.mean, moments.covariance


if __name__ == "__main__":
    main()
