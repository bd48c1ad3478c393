"""Pictures of labelled panels: pixels stay squares, labels stay inside."""

import numpy as np
import pytest

from components.reporting.pictures.panels import (
    MARGIN,
    Panel,
    labelled_rows,
    noise_image,
    painted_over,
    wrapped,
)

GREY = np.arange(64, dtype=np.uint8).reshape(8, 8, 1) * 4


def block(picture: np.ndarray, image: np.ndarray, factor: int) -> tuple[int, int] | None:
    """Where ``image``, enlarged by ``factor``, lies in the picture."""
    large = image.repeat(factor, 0).repeat(factor, 1)
    large = np.broadcast_to(large, (*large.shape[:2], 3))
    height, width = large.shape[:2]
    for top in range(picture.shape[0] - height + 1):
        for left in range(picture.shape[1] - width + 1):
            if np.array_equal(picture[top, left : left + width], large[0]) and np.array_equal(
                picture[top : top + height, left : left + width], large
            ):
                return top, left
    return None


def test_small_images_are_enlarged_pixel_by_pixel_and_stand_side_by_side() -> None:
    other = np.ascontiguousarray(GREY[::-1])
    picture = labelled_rows([[Panel(GREY, "a"), Panel(other, "b")], [Panel(other, "c")]], "title")
    places = [block(picture, image, 18) for image in (GREY, other)]
    assert places[0] is not None
    assert places[1] is not None
    assert places[0][0] == places[1][0]
    assert places[1][1] - places[0][1] == 8 * 18 + MARGIN
    assert picture.shape[1] == 2 * (8 * 18 + MARGIN) + MARGIN


def test_large_images_keep_their_size_and_colours() -> None:
    image = np.random.default_rng(0).integers(0, 256, (150, 200, 3), dtype=np.uint8)
    assert block(labelled_rows([[Panel(image, "photo")]], "title"), image, 1) is not None


@pytest.mark.parametrize("label", ["a" * 500, "ein\nsehr   langer\tName " * 20, "", "…"])
def test_a_label_never_reaches_into_the_next_panel(label: str) -> None:
    lone = labelled_rows([[Panel(GREY, ""), Panel(GREY, "")]], "t")
    picture = labelled_rows([[Panel(GREY, label), Panel(GREY, "")]], "t")
    assert picture.shape == lone.shape
    changed = np.argwhere((picture != lone).any(2))
    if label:
        assert len(changed) > 0
        assert changed[:, 1].max() < MARGIN + 8 * 18 + MARGIN // 2
        assert np.ptp(changed[:, 0]) < 20
    else:
        assert len(changed) == 0


def test_a_title_is_broken_where_the_picture_ends() -> None:
    short = labelled_rows([[Panel(GREY, "")]], "short")
    long = labelled_rows([[Panel(GREY, "")]], "a title of many words " * 6)
    assert long.shape[1] == short.shape[1]
    assert long.shape[0] > short.shape[0] + 60
    border = long[:, -MARGIN // 2 :]
    assert bool((border == 255).all())


def test_panels_are_wrapped_in_their_order() -> None:
    panels = [Panel(GREY, str(k)) for k in range(7)]
    rows = wrapped(panels, 3)
    assert [[p.label for p in row] for row in rows] == [["0", "1", "2"], ["3", "4", "5"], ["6"]]


def test_noise_is_shown_from_minus_to_plus_three() -> None:
    noise = np.array([[[-9, -3], [0, 3]]], dtype=np.float32)
    assert noise_image(noise)[..., 0].tolist() == [[0, 0], [128, 255]]
    assert noise_image(np.zeros((3, 4, 5), dtype=np.float32)).shape == (4, 5, 3)
    assert noise_image(np.zeros((4, 4, 5), dtype=np.float32)).shape == (4, 5, 1)


@pytest.mark.parametrize("channels", [1, 3])
def test_what_is_painted_over_is_no_grey_and_the_rest_as_it_was(channels: int) -> None:
    image = np.repeat(GREY, channels, axis=2)
    where = np.eye(8, dtype=bool)
    shown = painted_over(image, where)
    assert shown.shape == (8, 8, 3)
    assert np.array_equal(shown[~where], np.repeat(GREY, 3, axis=2)[~where])
    assert len({tuple(pixel) for pixel in shown[where].tolist()}) == 1
    assert len(set(shown[0, 0].tolist())) == 3
    assert np.array_equal(image, np.repeat(GREY, channels, axis=2))
