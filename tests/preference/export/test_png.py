"""PNG files of equal length that decode to the same pixels, by Pillow and by an own reading."""

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from components.preference.export.png import PAD, encoded, pad_files


def test_the_padding_chunk_is_one_that_decoders_may_skip_and_editors_may_copy() -> None:
    ancillary, private, reserved, safe = (bool(letter & 0x20) for letter in PAD)
    assert (ancillary, private, reserved, safe) == (True, True, False, True)


@pytest.mark.parametrize("channels", [1, 3])
def test_files_become_equally_long_and_keep_their_pixels(tmp_path: Path, channels: int) -> None:
    rng = np.random.default_rng(0)
    images = {
        "flat": np.full((16, 20, 1), 7, np.uint8),
        "noise": rng.integers(0, 256, (16, 20, channels), np.uint8),
    }
    paths = [tmp_path / f"{name}.png" for name in images]
    for path, image in zip(paths, images.values(), strict=True):
        path.write_bytes(encoded(image, channels))
    pad_files(paths)
    assert len({path.stat().st_size for path in paths}) == 1
    for path, image in zip(paths, images.values(), strict=True):
        with Image.open(path) as found:
            assert found.mode == ("L" if channels == 1 else "RGB")
            shown = np.asarray(found).reshape(16, 20, channels)
        assert (shown == image).all()
        every_checksum_holds(path.read_bytes())


def every_checksum_holds(png: bytes) -> None:
    at = 8
    while at < len(png):
        (length,) = struct.unpack(">I", png[at : at + 4])
        body = png[at + 4 : at + 8 + length]
        (checksum,) = struct.unpack(">I", png[at + 8 + length : at + 12 + length])
        assert checksum == zlib.crc32(body)
        at += length + 12
    assert at == len(png)
