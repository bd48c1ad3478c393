"""PNG files written from their samples as the specification says (ISO/IEC 15948), by no library."""

import struct
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

GREY, RGB, PALETTE, GREY_ALPHA, RGB_ALPHA = 0, 2, 3, 4, 6

WHOLE = ((0, 0, 1, 1),)
ADAM7 = (
    (0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4),
    (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2),
)  # fmt: skip
"""Passes over an image: first column, first row, and the steps from each to the next."""


def write_png(
    path: Path,
    samples: NDArray[np.int64],
    kind: int,
    depth: int,
    *,
    palette: bytes = b"",
    transparency: bytes = b"",
    orientation: int = 1,
    interlaced: bool = False,
) -> None:
    """Write ``samples`` (height, width, channel) of ``depth`` bits each, the rows filtered in turn
    in each of the five ways.

    Args:
        kind: the header's colour type.
        palette, transparency: content of PLTE and tRNS; no chunk where it is empty.
        orientation: EXIF's, in a chunk eXIf.
        interlaced: as Adam7 has it.
    """
    height, width, channels = samples.shape
    header = struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, interlaced)
    content = _chunk(b"IHDR", header)
    if palette:
        content += _chunk(b"PLTE", palette)
    if transparency:
        content += _chunk(b"tRNS", transparency)
    if orientation != 1:
        entry = struct.pack(">HHIHH", 0x0112, 3, 1, orientation, 0)
        tiff = struct.pack(">2sHIH", b"MM", 42, 8, 1) + entry + bytes(4)
        content += _chunk(b"eXIf", tiff)
    apart = max(1, channels * depth // 8)  # bytes from a pixel's to the next one's
    parts = (samples[y::dy, x::dx] for x, y, dx, dy in (ADAM7 if interlaced else WHOLE))
    rows = b"".join(
        _filtered([_packed(row.ravel(), depth) for row in part], apart)
        for part in parts
        if part.size
    )
    content += _chunk(b"IDAT", zlib.compress(rows)) + _chunk(b"IEND", b"")
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + content)


def _filtered(rows: list[bytes], apart: int) -> bytes:
    """Each row with the number of its filter before it: none, left, above, average, Paeth."""
    found, above = b"", bytes(len(rows[0]))
    for number, row in enumerate(rows):
        left, corner = (bytes(apart) + line[: len(line) - apart] for line in (row, above))
        near = zip(left, above, corner, strict=True)
        guesses = [(0, a, b, (a + b) // 2, _paeth(a, b, c))[number % 5] for a, b, c in near]
        kept = bytes((value - guess) % 256 for value, guess in zip(row, guesses, strict=True))
        found, above = found + bytes([number % 5]) + kept, row
    return found


def _paeth(left: int, above: int, corner: int) -> int:
    guess = left + above - corner
    return min((left, above, corner), key=lambda value: abs(guess - value))


def _packed(row: NDArray[np.int64], depth: int) -> bytes:
    bits = "".join(f"{sample:0{depth}b}" for sample in row.tolist())
    bits += "0" * (-len(bits) % 8)
    return int(bits, 2).to_bytes(len(bits) // 8, "big")


def _chunk(kind: bytes, data: bytes) -> bytes:
    body = kind + data
    return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))
