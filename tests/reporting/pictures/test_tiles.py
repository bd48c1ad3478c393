from types import SimpleNamespace

import numpy as np

from components.files.samples import SampleRow, Samples
from components.reporting.cells import read_cells
from components.reporting.pictures.sheet import arrange
from components.reporting.pictures.tiles import choose, labelled_sheet, same_rows, tile


def samples(classes: list[int], size: int = 8) -> Samples:
    images = np.arange(len(classes), dtype=np.uint8)[:, None, None, None]
    rows = tuple(SampleRow(i, i, c, str(c), f"a {c}") for i, c in enumerate(classes))
    return Samples(np.broadcast_to(images, (len(classes), size, size, 1)), rows)


def test_a_tile_has_a_class_a_column() -> None:
    made = samples([i // 6 for i in range(60)])  # sorted by class
    choice = choose(made)
    assert choice.columns == 10
    assert [made.rows[p].class_index for p in choice.positions] == list(range(10)) * 4


def test_without_classes_the_first_samples_are_shown() -> None:
    choice = choose(samples([-1] * 60))
    assert choice.columns == 8
    assert choice.positions == tuple(range(40))


def test_fewer_samples_than_columns_are_all_shown() -> None:
    assert choose(samples([-1] * 3)).positions == (0, 1, 2)
    assert choose(samples([0])).positions == (0,)


def test_other_seeds_are_noticed() -> None:
    one, other = samples([0, 1] * 10), samples([0, 1] * 9 + [0, 0])
    assert same_rows(one, one, choose(one))
    assert not same_rows(one, other, choose(one))
    assert not same_rows(one, samples([0, 1]), choose(one))


def test_large_images_are_averaged_down() -> None:
    made = samples([-1] * 8, size=256)
    assert tile(made, choose(made)).shape[0] < 100


def test_more_tiles_have_fewer_images() -> None:
    made = samples([i // 6 for i in range(60)])
    assert len(choose(made, 12).positions) == 40
    assert len(choose(made, 40).positions) == 20


def test_all_tiles_together_stay_small() -> None:
    made = samples([-1] * 60, size=256)
    for tiles in (1, 10, 60, 500):
        choice = choose(made, tiles)
        assert tiles * len(choice.positions) * choice.largest**2 <= 1_000_000
    assert choose(made, 20).largest >= 48  # fewer images before illegible ones
    assert choose(made, 20).positions == tuple(range(16))


def test_the_labelled_sheet_leaves_a_missing_cell_white(report_input: SimpleNamespace) -> None:
    cells = read_cells(report_input.spec, report_input.inputs)
    sheet = labelled_sheet(arrange(cells, None), choose(cells[0].samples))
    assert sheet.dtype == np.uint8
    assert sheet.shape[2] == 3
    height, width = sheet.shape[:2]
    missing = sheet[height // 8 : height // 2, -width // 5 :]  # linear with ddpm was not run
    assert (missing == 255).all()
    assert (sheet[height // 2 + 20 : -30, -width // 5 : -30] != 255).any()


def test_two_networks_lie_in_two_rows(report_input: SimpleNamespace) -> None:
    cells = read_cells(report_input.spec, report_input.inputs)
    choice = choose(cells[0].samples)
    one_row = labelled_sheet(arrange(cells[:3], None), choice)
    both = labelled_sheet(arrange(cells[:6], None), choice)
    assert both.shape[0] > 1.5 * one_row.shape[0] * 0.9
    assert both.shape[1] >= one_row.shape[1]
