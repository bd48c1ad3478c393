"""The images of a study as files whose names, sizes and times say nothing of who made them."""

import hashlib
import hmac
import os
from collections.abc import Mapping
from pathlib import Path

from components.errors import AlphabarError
from components.preference.design.size import REAL, Size
from components.preference.export.drawn import Looked
from components.preference.export.png import encoded, pad_files
from components.runtime import Progress

FOLDER = "images"

NAME_DIGITS = 32

LONG_AGO = 315_532_800
"""1980-01-01 00:00 UTC, the first time that a ZIP archive can hold: of all image files."""

Files = Mapping[int, Mapping[str, str]]
"""Pair → a model, `REAL` or `NOISE` → its file, a path from the study's folder."""


def write_images(looked: Looked, size: Size, secret: bytes, out: Path, progress: Progress) -> Files:
    """Write ``images/`` into ``out``, one file for each image of each pair.

    Both files of a pair are equally long; in a study of single images all files are.

    Raises:
        AlphabarError: images that must be of one size are not.
    """
    (out / FOLDER).mkdir()
    files: dict[int, dict[str, str]] = {}
    channels, count = looked.channels, size.pairs + size.checks
    shapes: dict[str, tuple[int, ...]] = {}
    for pair in range(count):
        progress(pair, count, "images")
        images = looked.of_pair(pair)
        files[pair] = {name: f"{FOLDER}/{_name(secret, pair, name)}.png" for name in images}
        # in the order of names that say nothing: what is written first is no model's either
        for name in sorted(images, key=lambda each: files[pair][each]):
            (out / files[pair][name]).write_bytes(encoded(images[name], channels))
            shapes.setdefault("real" if name == REAL else "generated", images[name].shape[:2])
            if size.kind == "realism":
                _refuse_unlike(shapes, images[name].shape[:2])
        if size.kind == "pairwise":
            pad_files([out / file for file in files[pair].values()])
    if size.kind == "realism":
        pad_files([out / file for own in files.values() for file in own.values()])
    for path in (out / FOLDER).iterdir():
        os.utime(path, (LONG_AGO, LONG_AGO))
    return files


def _refuse_unlike(shapes: Mapping[str, tuple[int, ...]], shape: tuple[int, ...]) -> None:
    """Of single images the size alone would say which are real."""
    if any(known != shape for known in shapes.values()):
        told = ", ".join(f"{what} {known[1]} x {known[0]}" for what, known in shapes.items())
        raise AlphabarError(
            f"the images of the study are of unlike sizes ({told}, another {shape[1]} x "
            f"{shape[0]} pixels), which would say which ones are real",
            "give --size PX, which brings all images to one size by one filter",
        )


def _name(secret: bytes, pair: int, name: str) -> str:
    made = hmac.new(secret, f"image {pair} {name}".encode(), hashlib.sha256)
    return made.hexdigest()[:NAME_DIGITS]
