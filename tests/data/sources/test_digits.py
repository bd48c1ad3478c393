import io
import zlib
from functools import cache

import numpy as np
from PIL import Image
from sklearn.datasets import load_digits

from components.data.sources import digits


@cache
def contents() -> dict[str, bytes]:
    return dict(digits.files())


def test_every_scan_is_there_in_both_styles() -> None:
    names = list(contents())
    assert sum(name.startswith("regular/") for name in names) == 1797
    assert sum(name.startswith("bold/") for name in names) == 1797


def test_values_are_the_scans_values_scaled_to_bytes() -> None:
    scans = load_digits().images
    for index in (0, 700, 1796):
        image = Image.open(io.BytesIO(contents()[f"regular/{index:04d}.png"]))
        assert image.mode == "L"
        # halves up: 8 of 16 is 127.5
        np.testing.assert_array_equal(np.asarray(image), np.floor(scans[index] * 255 / 16 + 0.5))


def test_pngs_are_stored_so_that_no_compressor_shows() -> None:
    png = contents()["regular/0000.png"]
    start = png.index(b"IDAT")
    length = int.from_bytes(png[start - 4 : start], "big")
    stream = png[start + 4 : start + 4 + length]
    assert stream[2] & 0b110 == 0  # deflate block type 00: stored
    assert stream[7:-4] == zlib.decompress(stream)


def test_the_table_says_the_same_of_both_styles() -> None:
    table = contents()["metadata.csv"].decode().splitlines()
    assert table[0] == "file_name,label,caption,style,drawing"
    assert table[1] == "regular/0000.png,0,a handwritten zero,regular,0000"
    assert table[1798] == "bold/0000.png,0,a handwritten zero,bold,0000"


def test_the_licence_lies_beside_the_images() -> None:
    assert b"CC BY 4.0" in contents()["LICENSE.txt"]
