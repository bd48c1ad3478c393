"""The stage ``prepare``: raw images → square uint8 arrays, split into train and holdout."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from components.data.arrays import COLUMNS, DatasetInfo
from components.data.captions import write_captions
from components.data.channels import channels_of
from components.data.images import is_square, square_pixels, svg_pixels
from components.data.metadata import Row
from components.data.pin import directory_hash
from components.data.readers import length_histogram
from components.data.readers.minilm import minilm_reader
from components.data.sources.folder import locate, read_rows
from components.data.splits import split_of
from components.errors import AlphabarError, number_of
from components.files.json_file import write_json
from components.files.tables import write_table
from components.runtime import Runtime
from components.spec.catalogue import SOURCES
from components.spec.sections.data import DataSpec


def prepare(spec: dict[str, Any], inputs: Mapping[str, Path], out: Path, runtime: Runtime) -> None:
    """Fill ``out`` with the arrays, tables and dataset.json that `components.data.arrays` reads.

    Args:
        spec: a `DataSpec`, as plain JSON.
        inputs: ``raw``: an ImageFolder (data/digits, data/openmoji or datasets/<name>).

    Raises:
        AlphabarError: an image is missing or corrupt, a column is missing, the style is not
            there, or a split would be empty.
    """
    data, raw = DataSpec.model_validate(spec), inputs["raw"]
    rows = read_rows(raw, data.caption_column, data.label_column)
    kept = _of_style(rows, data.style, raw)
    classes = class_names(rows)
    held_out = _held_out_drawings(raw, rows, data)
    own = any(row.split for row in rows)
    splits = {
        "train": [row for row in kept if row.drawing not in held_out],
        "holdout": [row for row in kept if row.drawing in held_out],
    }
    _refuse_empty(splits, data, own)
    splits["train"] = _so_many(raw, splits["train"], data)
    vector, channels = SOURCES[data.source].vector, channels_of(data, raw, rows)
    done, not_square, count = 0, 0, sum(map(len, splits.values()))
    for name, members in splits.items():
        with (out / f"{name}.npy").open("wb") as file:
            shape = (len(members), data.size, data.size, channels)
            _write_header(file, shape)
            for row in members:
                path = locate(raw, row.file_name)
                file.write(pixels_of(path, data, grey=channels == 1).tobytes())
                not_square += not (vector or is_square(path))
                done += 1
                runtime.progress(done, count, f"preparing {row.file_name}")
        _write_table(out / f"{name}.csv", members, classes)
    captions = {name: [row.captions for row in members] for name, members in splits.items()}
    write_captions(out, captions)
    info = DatasetInfo(
        source=data.source,
        name=data.name,
        style=data.style,
        size=data.size,
        channels=channels,
        classes=classes,
        n_train=len(splits["train"]),
        n_holdout=len(splits["holdout"]),
        data_hash=directory_hash(raw),
        caption_tokens=length_histogram(
            (text for row in kept for text in row.captions), minilm_reader()
        ),
        several_captions=sum(len(row.captions) > 1 for row in kept),
        fit=data.fit,
        not_square=not_square,
        flip=data.flip,
    )
    write_json(out / "dataset.json", asdict(info))


def class_names(rows: Iterable[Row]) -> tuple[str, ...]:
    """The distinct labels: by number when all are whole numbers, else by spelling."""
    names = {row.label for row in rows} - {""}
    if all(name.isascii() and name.isdigit() for name in names):
        return tuple(sorted(names, key=lambda name: (int(name), name)))
    return tuple(sorted(names))


def is_held_out(content: bytes, seed: int, share: float) -> bool:
    """Whether an image belongs to the holdout, by a seeded hash of its bytes.

    The first 64 bits of SHA-256 are a uniform number in [0, 1) that is held against ``share``:
    an image keeps its side when others come or go, and equal images are on one side.
    """
    digest = hashlib.sha256(f"{seed}:".encode() + content).digest()
    return int.from_bytes(digest[:8], "big") < share * 2.0**64


def _held_out_drawings(raw: Path, rows: Sequence[Row], data: DataSpec) -> set[str]:
    """Drawings of the holdout: the user's own where there is a column `split`, else by hash.

    By hash, the first listed rendering decides for all of them.
    """
    if any(row.split for row in rows):
        return {row.drawing for row in rows if split_of(row.split) == "holdout"}
    first: dict[str, Row] = {}
    for row in rows:
        first.setdefault(row.drawing, row)
    return {
        drawing
        for drawing, row in first.items()
        if is_held_out(locate(raw, row.file_name).read_bytes(), data.split_seed, data.holdout)
    }


def _so_many(raw: Path, rows: list[Row], data: DataSpec) -> list[Row]:
    """`data.images` of the training images, in their order; the same ones whatever else there is.

    Those of the lowest hash are taken: fewer of them are some of more.

    Raises:
        AlphabarError: there are not as many.
    """
    if data.images is None:
        return rows
    if data.images > len(rows):
        raise AlphabarError(
            f"`data.images: {data.images}` is more than the {len(rows)} images of {raw} that are "
            "not held out",
            f"ask for {len(rows)} or fewer, or leave it out",
        )
    places = sorted(range(len(rows)), key=lambda k: _hashed(raw, rows[k], data.split_seed))
    return [rows[k] for k in sorted(places[: data.images])]


def _hashed(raw: Path, row: Row, seed: int) -> bytes:
    content = locate(raw, row.file_name).read_bytes()
    return hashlib.sha256(f"{seed}: images:".encode() + content).digest()


def _of_style(rows: Sequence[Row], style: str | None, raw: Path) -> list[Row]:
    kept = [row for row in rows if style is None or row.style == style]
    if not kept:
        styles = sorted({row.style for row in rows} - {""})
        raise AlphabarError(
            f"`data.style: {style}` is not in {raw}",
            f"choose from {', '.join(styles)}" if styles else "remove `data.style`",
        )
    return kept


def _refuse_empty(splits: Mapping[str, Sequence[Row]], data: DataSpec, own: bool) -> None:
    for name, rows in splits.items():
        if not rows and own:
            raise AlphabarError(
                f"the column `split` puts no image of style {data.style} into {name}",
                "give some images of that style to each side, or remove the column",
            )
        if not rows:
            total = sum(map(len, splits.values()))
            raise AlphabarError(
                f"the {name} split of {number_of(total, 'image')} is empty at "
                f"`data.holdout: {data.holdout}`",
                "add images, or change `data.holdout` or `data.split_seed`",
            )


def pixels_of(path: Path, data: DataSpec, *, grey: bool) -> NDArray[np.uint8]:
    """An image file as `data` has it, (size, size, channel); raises AlphabarError where it is
    missing or corrupt."""
    if SOURCES[data.source].vector:
        return svg_pixels(path, data.size)
    return square_pixels(path, data.size, grey=grey, fit=data.fit)


def _write_header(file: IO[bytes], shape: tuple[int, ...]) -> None:
    """Begin an .npy file; images follow one by one, so memory does not grow with their number.

    A plain file and no memory map: a full disk is an error that can be told, not a SIGBUS.
    """
    header = {"descr": "|u1", "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(file, header)


def _write_table(path: Path, rows: Iterable[Row], classes: Sequence[str]) -> None:
    index = {name: number for number, name in enumerate(classes)}
    cells = ((row.file_name, row.label, index.get(row.label, -1), row.drawing) for row in rows)
    write_table(path, COLUMNS, cells)
