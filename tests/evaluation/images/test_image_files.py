from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from components.errors import AlphabarError
from components.evaluation.images.folder_reading import FolderReading
from components.evaluation.images.image_files import ImageFiles, digest_of


def test_the_digest_tells_pixels_and_shapes_apart() -> None:
    images = np.arange(96, dtype=np.uint8).reshape(2, 4, 4, 3)
    other = images.copy()
    other[1, 3, 3, 2] += 1
    digests = {
        digest_of(images),
        digest_of(other),
        digest_of(images[::-1]),
        digest_of(images.reshape(4, 2, 4, 3)),
        digest_of(images.reshape(2, 6, 8, 1)),
    }
    assert len(digests) == 5
    strided = np.repeat(images, 2, axis=1)[:, ::2]
    assert digest_of(strided) == digest_of(images)


def folder_of(folder: Path, sound: int, broken: int) -> Path:
    folder.mkdir()
    for number in range(sound):
        Image.new("RGB", (4, 4)).save(folder / f"sound-{number}.png")
    for number in range(broken):
        (folder / f"broken-{number:02}.png").write_bytes(b"no image")
    return folder


def test_every_broken_image_is_named_at_once_and_of_many_the_first_ten(tmp_path: Path) -> None:
    files = ImageFiles.in_folder(folder_of(tmp_path / "files", 3, 13))
    with pytest.raises(AlphabarError, match="13 of 16 images cannot be read") as caught:
        list(files.windows())
    assert caught.value.what.count("is not an image that is read here") == 10
    assert "broken-09.png" in caught.value.what
    assert "and 3 more" in caught.value.what


def test_one_broken_image_is_told_with_its_own_remedy(tmp_path: Path) -> None:
    files = ImageFiles.in_folder(folder_of(tmp_path / "files", 3, 1))
    with pytest.raises(AlphabarError, match=r"broken-00.png is not an image") as caught:
        list(files.windows())
    assert caught.value.remedy.startswith("convert it")


def test_broken_frames_are_named_at_once_too(tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "files", 1, 1)
    for name in ("a.gif", "b.gif"):
        (folder / name).write_bytes(b"GIF89a")
    files = ImageFiles.in_folder(folder)
    with pytest.raises(AlphabarError, match="3 of 4 images cannot be read"):
        FolderReading.of(folder, files.paths, ())


def test_one_file_is_one_file(tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "files", 0, 0)
    frames = [Image.new("L", (4, 4), shade) for shade in (0, 255)]
    frames[0].save(folder / "a.gif", save_all=True, append_images=frames[1:])
    words = FolderReading.of(folder, ImageFiles.in_folder(folder).paths, ()).words("mine")
    assert words[0] == "mine: 1 image"
    assert words[1].startswith("mine: 1 file with several frames")
