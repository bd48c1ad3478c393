from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from components.data.images import (
    check_image,
    is_animated,
    is_grey,
    is_image,
    square_pixels,
    svg_pixels,
)
from components.errors import AlphabarError


@pytest.mark.parametrize("side", [8_000, 12_000, 60_000])
def test_a_decompression_bomb_is_refused_before_decoding(
    tmp_path: Path, bomb: Callable[[int], bytes], side: int
) -> None:
    path = tmp_path / "bomb.png"
    path.write_bytes(bomb(side))
    with pytest.raises(AlphabarError, match=r"bomb.png has .* the limit is 50 megapixels"):
        check_image(path)


def test_a_truncated_image_is_named(tmp_path: Path) -> None:
    path = tmp_path / "cut.png"
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    Image.fromarray(noise).save(path)
    path.write_bytes(path.read_bytes()[:-2000])
    with pytest.raises(AlphabarError, match="cut.png is corrupt or cut off"):
        check_image(path)
    with pytest.raises(AlphabarError, match="cut.png is corrupt or cut off"):
        square_pixels(path, 8, grey=False)


def test_a_flipped_byte_is_found(tmp_path: Path) -> None:
    path = tmp_path / "flipped.png"
    Image.new("L", (64, 64), 7).save(path, compress_level=0)
    content = bytearray(path.read_bytes())
    content[200] ^= 1
    path.write_bytes(content)
    with pytest.raises(AlphabarError, match="flipped.png is corrupt"):
        check_image(path)


@pytest.mark.parametrize("name", ["a.png", "a.txt", "a"])
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF"])
def test_the_content_says_what_an_image_is_and_not_the_suffix(
    tmp_path: Path, name: str, kind: str
) -> None:
    path = tmp_path / name
    Image.new("RGB", (20, 10), (200, 30, 40)).save(path, kind)
    assert is_image(path)
    check_image(path)
    pixels = square_pixels(path, 10, grey=False)
    np.testing.assert_allclose(pixels[5, 5].astype(int), (200, 30, 40), atol=4)


@pytest.mark.parametrize(
    ("name", "content", "meant"),
    [
        ("a.svg", b"<svg/>", False),
        ("a.txt", b"BMW and other cars, and a lot more of text", False),
        ("a", b"", False),
        ("a.gif", b"", True),
        ("a.JPG", b"<html>not found</html>", True),
    ],
)
def test_what_is_no_image_is_refused_and_counts_as_one_only_by_its_suffix(
    tmp_path: Path, name: str, content: bytes, meant: bool
) -> None:
    (tmp_path / name).write_bytes(content)
    assert is_image(tmp_path / name) == meant
    with pytest.raises(AlphabarError, match="is not an image that is read here"):
        check_image(tmp_path / name)


@pytest.mark.parametrize("kind", ["WEBP", "GIF", "TIFF", "PNG"])
def test_of_an_animation_the_first_frame_is_taken_and_it_can_be_told(
    tmp_path: Path, kind: str
) -> None:
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "blue")]
    options = {"lossless": True} if kind == "WEBP" else {}
    frames[0].save(tmp_path / "a", kind, save_all=True, append_images=frames[1:], **options)
    frames[0].save(tmp_path / "b", kind, **options)
    assert (is_animated(tmp_path / "a"), is_animated(tmp_path / "b")) == (True, False)
    pixels = square_pixels(tmp_path / "a", 8, grey=False)
    assert pixels[4, 4].tolist() == pytest.approx([255, 0, 0], abs=2)


def test_a_phones_jpeg_with_a_second_picture_inside_is_its_first_picture(tmp_path: Path) -> None:
    first, second = (Image.new("RGB", (16, 16), colour) for colour in ("red", "blue"))
    first.save(tmp_path / "a.jpg", "MPO", save_all=True, append_images=[second])
    with Image.open(tmp_path / "a.jpg") as image:
        assert image.format == "MPO"
    check_image(tmp_path / "a.jpg")
    assert not is_animated(tmp_path / "a.jpg")
    pixels = square_pixels(tmp_path / "a.jpg", 16, grey=False).astype(int)
    assert (abs(pixels - (254, 0, 0)) <= 4).all()


def test_an_image_of_the_right_size_keeps_its_bits(tmp_path: Path) -> None:
    values = np.random.default_rng(0).integers(0, 256, (8, 8), dtype=np.uint8)
    Image.fromarray(values).save(tmp_path / "a.png")
    np.testing.assert_array_equal(square_pixels(tmp_path / "a.png", 8, grey=True)[..., 0], values)


def test_the_centre_is_kept_of_an_oblong_image(tmp_path: Path) -> None:
    values = np.zeros((4, 10), dtype=np.uint8)
    values[:, 3:7] = 99
    Image.fromarray(values).save(tmp_path / "a.png")
    assert (square_pixels(tmp_path / "a.png", 4, grey=True) == 99).all()


def test_transparency_lies_on_white(tmp_path: Path) -> None:
    Image.new("RGBA", (4, 4), (255, 0, 0, 0)).save(tmp_path / "clear.png")
    assert (square_pixels(tmp_path / "clear.png", 4, grey=False) == 255).all()
    Image.new("LA", (4, 4), (0, 51)).save(tmp_path / "thin.png")
    assert is_grey(tmp_path / "thin.png")
    assert (square_pixels(tmp_path / "thin.png", 4, grey=True) == 204).all()


def test_exif_orientation_is_applied(tmp_path: Path) -> None:
    values = np.arange(16, dtype=np.uint8).reshape(4, 4)
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was held so that the picture must be turned clockwise
    Image.fromarray(values).save(tmp_path / "a.png", exif=exif)
    pixels = square_pixels(tmp_path / "a.png", 4, grey=True)[..., 0]
    np.testing.assert_array_equal(pixels, np.rot90(values, -1))


def test_sixteen_bits_are_scaled_not_clipped(tmp_path: Path) -> None:
    values = np.array([[0, 257], [32896, 65535]], dtype=np.uint16)
    Image.fromarray(values).save(tmp_path / "a.png")
    assert is_grey(tmp_path / "a.png")
    pixels = square_pixels(tmp_path / "a.png", 2, grey=True)[..., 0]
    np.testing.assert_array_equal(pixels, [[0, 1], [128, 255]])


def test_shrinking_a_fine_pattern_gives_its_mean(tmp_path: Path) -> None:
    checks = (np.indices((64, 64)).sum(0) % 2 * 255).astype(np.uint8)
    Image.fromarray(checks).save(tmp_path / "a.png")
    pixels = square_pixels(tmp_path / "a.png", 8, grey=True).astype(int)
    assert abs(pixels - 128).max() <= 2  # nearest or plain bilinear would alias


def test_an_svg_is_drawn_on_white_at_the_size(tmp_path: Path) -> None:
    circle = '<circle cx="36" cy="36" r="20" fill="#f00"/>'
    svg = f'<svg viewBox="0 0 72 72" xmlns="http://www.w3.org/2000/svg">{circle}</svg>'
    (tmp_path / "a.svg").write_text(svg)
    pixels = svg_pixels(tmp_path / "a.svg", 32)
    assert pixels.shape == (32, 32, 3)
    assert pixels[0, 0].tolist() == [255, 255, 255]
    assert pixels[16, 16].tolist() == [255, 0, 0]


@pytest.mark.parametrize("content", [b"<svg", b"", b"\xff\xfe", b"not a drawing"])
def test_a_broken_svg_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.svg").write_bytes(content)
    with pytest.raises(AlphabarError, match="a.svg cannot be drawn"):
        svg_pixels(tmp_path / "a.svg", 32)
