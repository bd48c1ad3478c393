"""PNG files that say nothing but their pixels: no metadata, one encoder, and lengths made equal.

How well an image is compressed says how flat it is, which may tell the models apart by the sizes of
files alone. So every file ends in a chunk of zeros that makes it as long as those beside it.
"""

import io
import struct
import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from components.data.grids import as_image
from components.preference.export.material import Pixels

PAD = b"paDd"
"""By its letters' cases an ancillary chunk, private, of the version that PNG is in, and safe to
copy (PNG, third edition, section 5.4): decoders pass it by."""

FRAME = 12
"""Bytes of a chunk beside its data: length, type and checksum."""

END = struct.pack(">I", 0) + b"IEND" + struct.pack(">I", zlib.crc32(b"IEND"))


def encoded(image: Pixels, channels: int) -> bytes:
    """An image as PNG, without the end that `padded` puts behind it.

    Args:
        channels: of the file: 1 or 3. Grey images become RGB where others of the study are.
    """
    if channels == 3 and image.shape[2] == 1:
        image = np.repeat(image, 3, axis=2)
    buffer = io.BytesIO()
    as_image(image).save(buffer, format="PNG", compress_level=9)
    return buffer.getvalue().removesuffix(END)


def padded(part: bytes, length: int) -> bytes:
    """A whole file of ``length`` bytes; every file has the chunk, if only an empty one."""
    zeros = bytes(length - len(part) - FRAME - len(END))
    checksum = zlib.crc32(PAD + zeros)
    return part + struct.pack(">I", len(zeros)) + PAD + zeros + struct.pack(">I", checksum) + END


def pad_files(paths: Sequence[Path]) -> None:
    """Make files that hold what `encoded` gave equally long, and whole."""
    parts = [path.stat().st_size for path in paths]
    length = max(parts, default=0) + FRAME + len(END)
    for path in paths:
        path.write_bytes(padded(path.read_bytes(), length))
