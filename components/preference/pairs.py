"""Which samples are compared, on which side each model stands, and in which order."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from components.errors import AlphabarError
from components.files.samples import SampleRow, Samples, spread


@dataclass(frozen=True)
class Pair:
    """One choice to make.

    Attributes:
        position: of both samples in their directories.
        baseline_left: whether the baseline stands on the left.
    """

    position: int
    baseline_left: bool


def draw_pairs(baseline: Samples, finetuned: Samples, count: int, seed: int) -> list[Pair]:
    """``count`` pairs in the order of showing: even over the classes, half of them each way round.

    The draw is seeded by ``seed`` and by all images of both models. So the key follows from the
    study's inputs, byte for byte, but not from its page and its seed: who would recompute it
    needs both sample directories, and who has those can tell the models apart anyway.

    Raises:
        AlphabarError: the two are not the same rows, or there are fewer than ``count``.
    """
    check_matched(baseline, finetuned)
    if count > len(baseline.rows):
        raise AlphabarError(
            f"the study asks for {count} pairs, and there are {len(baseline.rows)} samples",
            "lower study.pairs or raise evaluation.samples",
        )
    generator = np.random.Generator(np.random.PCG64(_entropy(baseline, finetuned, seed)))
    order = [int(position) for position in generator.permutation(len(baseline.rows))]
    positions = spread(baseline.rows, count, order)
    # as many one way as the other: a liking for one side then favours neither model
    left = generator.permutation(np.arange(count) + generator.integers(2)) % 2 == 0
    shown = generator.permutation(count)
    return [Pair(positions[i], bool(left[i])) for i in shown]


def check_matched(baseline: Samples, finetuned: Samples) -> None:
    """Raise AlphabarError unless row k of both is the same seed, class and caption."""
    remedy = "sample both models with the same settings and seeds"
    if baseline.images.shape != finetuned.images.shape:
        shapes = f"{baseline.images.shape} against {finetuned.images.shape}"
        raise AlphabarError(f"the samples of the two models have unlike shapes: {shapes}", remedy)
    for one, other in zip(baseline.rows, finetuned.rows, strict=True):
        if one != other:
            fault = f"do not match at index {one.index}: {_difference(one, other)}"
            raise AlphabarError(f"the samples of the two models {fault}", remedy)


def study_id(shown: Sequence[bytes]) -> str:
    """Eight hexadecimal digits of the images as shown: tells the answers to two studies apart."""
    hashed = hashlib.sha256()
    for image in shown:
        hashed.update(hashlib.sha256(image).digest())
    return hashed.hexdigest()[:8]


def _entropy(baseline: Samples, finetuned: Samples, seed: int) -> int:
    hashed = hashlib.sha256(f"study {seed}".encode())
    for samples in (baseline, finetuned):
        hashed.update(np.ascontiguousarray(samples.images).data)
    return int.from_bytes(hashed.digest(), "big")


def _difference(one: SampleRow, other: SampleRow) -> str:
    return ", ".join(
        f"{name.replace('_index', '')} {getattr(one, name)!r} against {getattr(other, name)!r}"
        for name in ("index", "seed", "class_index", "label", "caption")
        if getattr(one, name) != getattr(other, name)
    )
