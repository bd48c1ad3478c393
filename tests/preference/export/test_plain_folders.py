"""Folders of images whose names say which belong together, and what stands beside them."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from components.errors import AlphabarError
from components.preference.export.material import Asked, Material
from components.preference.export.plain_folders import material_of_folders, pictures_of_folder


def folder(root: Path, name: str, images: Mapping[str, int], side: int = 8) -> Path:
    """A folder of flat images: file → grey."""
    (root / name).mkdir()
    for file, grey in images.items():
        (root / name / file).parent.mkdir(exist_ok=True)
        Image.fromarray(np.full((side, side, 3), grey, np.uint8)).save(root / name / file)
    return root / name


@pytest.fixture
def both(tmp_path: Path) -> dict[str, Path]:
    """Three names in common, in several formats, and one more on either side."""
    one = folder(tmp_path, "one", {"a.png": 10, "b.png": 20, "sub/c.png": 30, "only.png": 1})
    other = folder(tmp_path, "other", {"a.webp": 110, "b.bmp": 120, "sub/c.png": 130, "x.png": 1})
    return {"one": one, "other": other}


def greys(material: Material, model: str) -> list[int]:
    images = material.images[model]
    return [int(images[k].mean()) for k in range(len(images))]


def test_images_of_one_name_go_together_whatever_their_format(both: dict[str, Path]) -> None:
    found = material_of_folders(both, 3)
    assert [row.prompt for row in found.asked] == ["a", "b", "c"]
    assert greys(found, "one") == [10, 20, 30]
    assert greys(found, "other") == pytest.approx([110, 120, 130], abs=2)
    assert set(found.notes) == {
        "without a partner: 1 image of one",
        "without a partner: 1 image of other",
        "traces of compression may tell images apart: one .png, other .bmp and .png and .webp",
    }
    assert found.models["one"]["from"] == "the images of one"


def test_fewer_than_asked_are_refused_with_their_number(both: dict[str, Path]) -> None:
    with pytest.raises(AlphabarError, match="3 images have the same name .* for 4 .*: only"):
        material_of_folders(both, 4)


METADATA = "file_name,caption,label,seed,category,class\n"


def test_metadata_says_what_was_asked_for(both: dict[str, Path]) -> None:
    rows = "a.png,a cat,pets,7,easy,2\nb.png,a dog,pets,8,easy,2\nsub/c.png,,cars,9,hard,3\n"
    (both["one"] / "metadata.csv").write_text(METADATA + rows)
    found = material_of_folders(both, 3)
    assert found.asked[0] == Asked("pets", "a cat", 2, "easy", 7)
    assert [row.prompt for row in found.asked] == ["a cat", "a dog", "cars"]
    unseeded = material_of_folders(both, 3, same_seeds=False)
    assert {row.seed for row in unseeded.asked} == {None}


def test_folders_that_say_unlike_things_of_one_name_are_refused(both: dict[str, Path]) -> None:
    (both["one"] / "metadata.csv").write_text(METADATA + "a.png,a cat,,7,,\n")
    (both["other"] / "metadata.csv").write_text(METADATA + "a.webp,a cat,,8,,\n")
    with pytest.raises(AlphabarError, match="called a do not match: their seed is '7' and '8'"):
        material_of_folders(both, 3)
    assert material_of_folders(both, 3, same_seeds=False).asked[0].caption == "a cat"


def test_a_text_beside_an_image_is_its_caption(both: dict[str, Path]) -> None:
    (both["other"] / "a.txt").write_text("a red cat\n")
    assert [row.prompt for row in material_of_folders(both, 3).asked] == ["a red cat", "b", "c"]


def test_two_images_of_one_name_in_a_folder_are_refused(tmp_path: Path) -> None:
    twice = folder(tmp_path, "twice", {"a.png": 1, "a.jpg": 2})
    with pytest.raises(AlphabarError, match="two images called a"):
        pictures_of_folder(twice)


def test_words_that_no_file_can_keep_are_refused(tmp_path: Path) -> None:
    odd = folder(tmp_path, "odd", {"a.png": 1})
    (odd / "a.png").rename(odd / "a\udcff.png")
    with pytest.raises(AlphabarError, match="has the character"):
        pictures_of_folder(odd)
    named = folder(tmp_path, "named", {"a.png": 1})
    (named / "metadata.csv").write_text("file_name,caption\n,nothing\n/,root\na.png,a \x07 bell\n")
    with pytest.raises(AlphabarError, match="has the character"):
        pictures_of_folder(named)


def test_no_folder_and_no_image_are_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for name, fault in (("nowhere", "is no folder"), ("empty", "holds no image")):
        with pytest.raises(AlphabarError, match=fault):
            pictures_of_folder(tmp_path / name)


def test_all_images_are_brought_to_one_size_by_one_filter(tmp_path: Path) -> None:
    small = folder(tmp_path, "small", {"a.png": 10}, side=8)
    large = folder(tmp_path, "large", {"a.png": 200}, side=32)
    found = material_of_folders({"small": small, "large": large}, 1).resized(8)
    assert {images[0].shape for images in found.images.values()} == {(8, 8, 3)}
    # what has that size already keeps its values
    assert (found.images["small"][0] == 10).all()
    assert found.notes == ("sharpness may tell images apart: those of small were not resampled",)
