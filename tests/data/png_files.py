"""PNG files written from their samples as the specification says (ISO/IEC 15948), by no library."""

import struct
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

GREY, RGB, PALETTE, GREY_ALPHA, RGB_ALPHA = 0, 2, 3, 4, 6


def write_png(
    path: Path,
    samples: NDArray[np.int64],
    kind: int,
    depth: int,
    *,
    palette: bytes = b"",
    transparency: bytes = b"",
    orientation: int = 1,
) -> None:
    """Write ``samples`` (height, width, channel) of ``depth`` bits each.

    Args:
        kind: the header's colour type.
        palette, transparency: content of PLTE and tRNS; no chunk where it is empty.
        orientation: EXIF's, in a chunk eXIf.
    """
    height, width, _ = samples.shape
    content = _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, 0))
    if palette:
        content += _chunk(b"PLTE", palette)
    if transparency:
        content += _chunk(b"tRNS", transparency)
    if orientation != 1:
        entry = struct.pack(">HHIHH", 0x0112, 3, 1, orientation, 0)
        tiff = struct.pack(">2sHIH", b"MM", 42, 8, 1) + entry + bytes(4)
        content += _chunk(b"eXIf", tiff)
    rows = b"".join(b"\0" + _packed(row.ravel(), depth) for row in samples)
    content += _chunk(b"IDAT", zlib.compress(rows)) + _chunk(b"IEND", b"")
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + content)


def _packed(row: NDArray[np.int64], depth: int) -> bytes:
    bits = "".join(f"{sample:0{depth}b}" for sample in row.tolist())
    bits += "0" * (-len(bits) % 8)
    return int(bits, 2).to_bytes(len(bits) // 8, "big")


def _chunk(kind: bytes, data: bytes) -> bytes:
    body = kind + data
    return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))
