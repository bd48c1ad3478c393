from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np

from components.files.samples import SampleRow, Samples
from components.reporting.cells import Cell
from components.reporting.pages.comparison import NONE, at_equal_seeds, comparison_page, results_of
from components.reporting.results import Results

OURS = 2
"""Script elements of every page: its data and its script."""


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.sources: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.sources += [v for name, v in attrs if name in ("src", "srcset", "data") and v]


def look(page: str) -> Tags:
    seen = Tags()
    seen.feed(page)
    return seen


def samples(*seeds: int, caption: str = "a") -> Samples:
    images = np.stack([np.full((8, 8, 1), seed, np.uint8) for seed in seeds])
    return Samples(images, tuple(SampleRow(i, s, 0, "", caption) for i, s in enumerate(seeds)))


def test_pictures_show_the_seeds_that_all_have() -> None:
    one, other = at_equal_seeds([samples(0, 1, 2, 3), samples(3, 9, 1)])
    assert [row.seed for row in one.rows] == [row.seed for row in other.rows] == [1, 3]
    assert one.images[:, 0, 0, 0].tolist() == other.images[:, 0, 0, 0].tolist() == [1, 3]
    assert one.rows == other.rows


def test_other_prompts_or_no_images_stay_apart() -> None:
    first, none, foreign = at_equal_seeds([samples(0, 1), NONE, samples(0, 1, caption="b")])
    assert [row.caption for row in first.rows] == ["a", "a"]
    assert none.rows == ()
    assert [row.caption for row in foreign.rows] == ["b", "b"]


def test_the_page_holds_everything_and_loads_nothing(rich: Results) -> None:
    cells = [replace(cell, name=f"digits/{cell.name}") for cell in rich.cells]
    cells[3] = replace(cells[3], samples=NONE)
    grey = {cells[3].name: np.full((60, 80, 3), 128, np.uint8)}
    page = comparison_page(results_of(cells, rich.floors), grey, "digits", "results.csv")
    seen = look(page)
    assert {"link", "iframe"}.isdisjoint(seen.tags)
    assert len(seen.sources) == 7
    assert all(source.startswith("data:image/png;base64,") for source in seen.sources)
    assert page.count("as logged, perhaps other seeds") == 1
    assert "Pictures without a remark show the same seeds and prompts" in page
    whole = comparison_page(results_of(rich.cells, rich.floors), {}, "digits", "results.csv")
    assert "Every picture shows the same seeds and prompts" in whole
    assert "Differences from digits/schedule=cosine, guidance=2" in page
    assert ", paired</small>" in page
    assert "<small>unpaired</small>" not in page
    assert "Trade-off over guidance" in page
    assert "results.csv" in page


def test_the_losses_of_the_networks_that_are_at_hand_are_shown(rich: Results) -> None:
    known = rich.histories[:1]
    shown = results_of(rich.cells, {}, histories=known)
    page = comparison_page(shown, {}, "two", "c", [rich.histories[1].name])
    assert f"last values: {known[0].name} " in page
    assert f"No losses are at hand of {rich.histories[1].name}:" in page


def test_runs_without_pseudo_values_have_unpaired_differences(solvers: Results) -> None:
    page = comparison_page(results_of(solvers.cells[:3], {}), {}, "solvers", "results.csv")
    assert "<small>unpaired</small>" in page
    assert ", paired</small>" not in page
    assert "pseudo-values are not recorded" in page


def test_a_run_that_was_measured_otherwise_has_no_difference(cell: Callable[..., Cell]) -> None:
    made = [cell({"sampling.steps": 5}, 100), cell({"sampling.steps": 9}, 90, n_generated=9)]
    page = comparison_page(results_of(made, {}), {}, "two", "results.csv")
    assert "measured otherwise" in page
    assert "fd_x is not comparable: n_generated differs" in page


def test_the_best_run_is_the_best_of_those_that_can_be_ranked(cell: Callable[..., Cell]) -> None:
    made = [cell({}, 5.0, metric="sharpness"), cell({}, 120.0), cell({}, 90.0)]
    assert results_of(made, {}).best == 2
    unknown = [cell({}, 5.0, metric="sharpness"), cell({}, 9.0, metric="sharpness")]
    assert results_of(unknown, {}).metric is None
    assert "sharpness" in comparison_page(results_of(unknown, {}), {}, "two", "results.csv")


def test_hostile_names_and_captions_are_only_text(rich: Results) -> None:
    hostile = '"><script>alert(1)</script>'
    cells = [replace(rich.cells[0], name=hostile), rich.cells[1]]
    page = comparison_page(results_of(cells, rich.floors), {}, hostile, hostile)
    assert look(page).tags.count("script") == OURS
