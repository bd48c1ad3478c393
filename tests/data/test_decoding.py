"""Every kind of PNG against its samples, laid on white by exact arithmetic, and against decoders
that share no code with Pillow's: the Rust crate `png` in resvg, and libpng and libjpeg in
torchvision. TIFF, JPEG and GIF."""

import base64
import io
import struct
from fractions import Fraction
from math import floor
from pathlib import Path

import numpy as np
import pytest
import resvg_py
from numpy.typing import NDArray
from PIL import Image
from torchvision.io import ImageReadMode, decode_image, read_file

from components.data.images import check_image, is_grey, whole_pixels
from components.errors import AlphabarError
from tests.data.png_files import GREY, GREY_ALPHA, PALETTE, RGB, RGB_ALPHA, write_png

HEIGHT, WIDTH = 5, 7
UPRIGHT = {
    1: lambda a: a,
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.swapaxes(0, 1),
    6: lambda a: np.rot90(a, -1),
    7: lambda a: a[::-1, ::-1].swapaxes(0, 1),
    8: lambda a: np.rot90(a),
}
"""EXIF's orientation → the array as it is meant to be seen."""

CASES = [
    *((GREY, depth, key) for depth in (1, 2, 4, 8, 16) for key in (False, True)),
    *((RGB, depth, key) for depth in (8, 16) for key in (False, True)),
    *((PALETTE, depth, key) for depth in (1, 2, 4, 8) for key in (False, True)),
    *((kind, depth, False) for kind in (GREY_ALPHA, RGB_ALPHA) for depth in (8, 16)),
]


def on_white(colour: int, alpha: int, largest: int) -> int:
    """c α + 1 − α in eight bits, half up, by exact arithmetic."""
    c, a = Fraction(int(colour), largest), Fraction(int(alpha), largest)
    return floor((c * a + 1 - a) * 255 + Fraction(1, 2))


def case(kind: int, depth: int, key: bool) -> tuple[NDArray[np.int64], bytes, bytes, np.ndarray]:
    """Random samples, PLTE, tRNS, and the picture that they mean: (height, width, 3)."""
    rng = np.random.default_rng(100 * kind + depth)
    largest, channels = 2**depth - 1, {GREY: 1, RGB: 3, PALETTE: 1, GREY_ALPHA: 2, RGB_ALPHA: 4}
    samples = rng.integers(0, largest + 1, (HEIGHT, WIDTH, channels[kind]))
    samples[0, 0], samples[0, 1] = 0, largest
    samples[1, :] = samples[2, 3]  # the transparent one occurs several times
    if kind == PALETTE:
        colours = rng.integers(0, 256, (largest + 1, 3))
        alphas = rng.integers(0, 256, largest) if key else np.zeros(0, int)  # the last is opaque
        full = np.append(alphas, [255] * (largest + 1 - len(alphas)))
        meant = [[on_white(c, full[i], 255) for c in colours[i]] for i in samples.ravel()]
        palette, trns = bytes(colours.ravel().tolist()), bytes(alphas.tolist())
        return samples, palette, trns, np.array(meant).reshape(HEIGHT, WIDTH, 3)
    trns, meant = b"", np.empty((HEIGHT, WIDTH, 3), int)
    clear = samples[2, 3] if key else None
    if clear is not None:
        trns = struct.pack(f">{len(clear)}H", *clear.tolist())
    coloured = kind in (RGB, RGB_ALPHA)
    for place in np.ndindex(HEIGHT, WIDTH):
        pixel = samples[place]
        alpha = pixel[-1] if kind in (GREY_ALPHA, RGB_ALPHA) else largest
        if clear is not None and (pixel == clear).all():
            alpha = 0
        colour = pixel[:3] if coloured else [pixel[0]] * 3
        meant[place] = [on_white(c, alpha, largest) for c in colour]
    return samples, b"", trns, meant


def drawn_by_resvg(path: Path) -> NDArray[np.int64]:
    """A PNG on white, as a picture in an SVG drawing; 16 bits are brought to 8 before it is laid
    on white, so that it may be off by one level."""
    size = f'width="{WIDTH}" height="{HEIGHT}"'
    picture = base64.b64encode(path.read_bytes()).decode()
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" {size}><image {size} '
        f'image-rendering="optimizeSpeed" href="data:image/png;base64,{picture}"/></svg>'
    )
    png = resvg_py.svg_to_bytes(svg_string=svg, width=WIDTH, height=HEIGHT, background="white")
    return np.asarray(Image.open(io.BytesIO(bytes(png))).convert("RGB")).astype(int)


@pytest.mark.parametrize("interlaced", [False, True])
@pytest.mark.parametrize(("kind", "depth", "key"), CASES)
def test_every_kind_of_png_is_its_samples_on_white_rounded_once(
    tmp_path: Path, kind: int, depth: int, key: bool, interlaced: bool
) -> None:
    samples, palette, trns, meant = case(kind, depth, key)
    for orientation, upright in UPRIGHT.items():
        path = tmp_path / f"Bild é 画 {orientation}.png"
        write_png(
            path,
            samples,
            kind,
            depth,
            palette=palette,
            transparency=trns,
            orientation=orientation,
            interlaced=interlaced,
        )
        np.testing.assert_array_equal(whole_pixels(path), upright(meant))
        assert is_grey(path) == (kind in (GREY, GREY_ALPHA))
    upright_file = tmp_path / "Bild é 画 1.png"
    if depth == 16:
        by_libpng = decode_image(read_file(str(upright_file))).permute(1, 2, 0)
        np.testing.assert_array_equal(by_libpng.numpy(), samples)
    by_resvg = drawn_by_resvg(upright_file)
    assert np.abs(whole_pixels(upright_file) - by_resvg).max() <= (depth == 16)


@pytest.mark.parametrize("compression", ["raw", "tiff_lzw", "tiff_adobe_deflate"])
@pytest.mark.parametrize("order", ["<", ">"])
def test_sixteen_bits_of_a_tiff_are_scaled_and_rounded(
    tmp_path: Path, compression: str, order: str
) -> None:
    values = np.random.default_rng(0).integers(0, 65536, (4, 6)).astype(f"{order}u2")
    Image.fromarray(values).save(tmp_path / "a.tif", compression=compression)
    meant = [[on_white(int(v), 65535, 65535) for v in row] for row in values]
    np.testing.assert_array_equal(whole_pixels(tmp_path / "a.tif")[..., 0], meant)
    assert is_grey(tmp_path / "a.tif")


def rgb16_tiff(order: str, channels: int) -> tuple[bytes, NDArray[np.int64]]:
    """An uncompressed TIFF of 16 bits a channel, which Pillow does not write."""
    values = np.random.default_rng(1).integers(0, 65536, (3, 4, channels))
    data = values.astype(f"{order}u2").tobytes()
    entries = [
        (256, 3, 1, 4), (257, 3, 1, 3), (258, 3, channels, 0), (259, 3, 1, 1), (262, 3, 1, 2),
        (273, 4, 1, 0), (277, 3, 1, channels), (278, 3, 1, 3), (279, 4, 1, len(data)),
    ]  # fmt: skip
    if channels == 4:
        entries.append((338, 3, 1, 2))
    after = 8 + 2 + 12 * len(entries) + 4
    depths = struct.pack(f"{order}{channels}H", *[16] * channels)
    out = struct.pack(f"{order}2sHIH", b"II" if order == "<" else b"MM", 42, 8, len(entries))
    for tag, kind, count, value in entries:
        at = {258: after, 273: after + len(depths)}.get(tag, value)
        short = kind == 3 and tag != 258
        field = struct.pack(f"{order}HH", at, 0) if short else struct.pack(f"{order}I", at)
        out += struct.pack(f"{order}HHI", tag, kind, count) + field
    return out + bytes(4) + depths + data, values


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("channels", [3, 4])
def test_colours_of_sixteen_bits_in_a_tiff_keep_their_low_bytes(
    tmp_path: Path, order: str, channels: int
) -> None:
    content, values = rgb16_tiff(order, channels)
    (tmp_path / "a.tif").write_bytes(content)
    alpha = values[..., 3] if channels == 4 else np.full(values.shape[:2], 65535)
    meant = [
        [[on_white(c, a, 65535) for c in pixel[:3]] for pixel, a in zip(*rows, strict=True)]
        for rows in zip(values, alpha, strict=True)
    ]
    np.testing.assert_array_equal(whole_pixels(tmp_path / "a.tif"), meant)


@pytest.mark.parametrize("dtype", ["float32", "int32"])
def test_values_without_a_known_white_are_refused(tmp_path: Path, dtype: str) -> None:
    Image.fromarray(np.ones((4, 4), dtype)).save(tmp_path / "a.tif")
    with pytest.raises(AlphabarError, match="white is not defined") as caught:
        check_image(tmp_path / "a.tif")
    assert "8 or 16 bits" in caught.value.remedy


def test_a_tiff_turned_by_its_own_tag_is_turned_once(tmp_path: Path) -> None:
    values = np.arange(12, dtype=np.uint8).reshape(3, 4)
    Image.fromarray(values).save(tmp_path / "a.tif", tiffinfo={0x0112: 6})
    np.testing.assert_array_equal(whole_pixels(tmp_path / "a.tif")[..., 0], np.rot90(values, -1))


@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
def test_every_kind_of_jpeg_is_what_libjpeg_reads_turned_as_exif_says(
    tmp_path: Path, mode: str
) -> None:
    colours = np.random.default_rng(0).integers(0, 256, (4, 6, 3), dtype=np.uint8)
    image = Image.fromarray(colours).resize((48, 32)).convert(mode)
    path = tmp_path / "Bild é 画.jpg"
    for orientation in UPRIGHT:
        exif = Image.Exif()
        exif[0x0112] = orientation
        image.save(path, quality=90, exif=exif)
        shown = decode_image(
            read_file(str(path)), mode=ImageReadMode.RGB, apply_exif_orientation=True
        )
        np.testing.assert_array_equal(whole_pixels(path), shown.permute(1, 2, 0).numpy())


def test_a_jpeg_of_printing_inks_is_read_as_colours(tmp_path: Path) -> None:
    Image.new("CMYK", (16, 16), (0, 255, 255, 0)).save(tmp_path / "a.jpg", quality=95)
    pixels = whole_pixels(tmp_path / "a.jpg").astype(int)
    assert (abs(pixels - (255, 0, 0)) <= 6).all()


@pytest.mark.parametrize("levels", [2, 256])
def test_a_transparent_colour_of_a_gif_lies_on_white(tmp_path: Path, levels: int) -> None:
    image = Image.fromarray(np.array([[0, 1]], np.uint8))
    image.putpalette([200, 30, 40] * levels)
    image.save(tmp_path / "a.gif", transparency=1)
    assert whole_pixels(tmp_path / "a.gif").tolist() == [[[200, 30, 40], [255, 255, 255]]]
