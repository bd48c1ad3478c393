import csv
import json
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from components.errors import AlphabarError
from components.reporting.pages.page import _setting_words
from components.reporting.pages.report import report
from components.runtime import Runtime

OURS = 2
"""Script elements of every page: its data and its script."""


class Seen(HTMLParser):
    """Collects what a page would load, and every tag."""

    def __init__(self) -> None:
        super().__init__()
        self.sources: list[str] = []
        self.links: list[str] = []
        self.tags: list[str] = []
        self.without_alt = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.tags.append(tag)
        self.sources += [v for name in ("src", "srcset", "data") if (v := values.get(name))]
        self.links += [v for v in [values.get("href")] if v and tag == "a"]
        self.without_alt += tag == "img" and not values.get("alt")


def run(report_input: SimpleNamespace, out: Path) -> Path:
    out.mkdir()
    report(report_input.spec, report_input.inputs, out, Runtime())
    return out


def look(page: Path) -> Seen:
    seen = Seen()
    seen.feed(page.read_text(encoding="utf-8"))
    return seen


def test_two_runs_write_the_same_bytes(
    written: Path, report_input: SimpleNamespace, tmp_path: Path
) -> None:
    # the second run reads other directories of the same content
    one, other = written, run(report_input, tmp_path / "other")
    names = sorted(path.name for path in one.iterdir())
    assert names == [
        "index.html",
        "loss.png",
        "metrics.json",
        "results.csv",
        "samples.png",
        "tradeoff.png",
    ]
    for name in names:
        assert (one / name).read_bytes() == (other / name).read_bytes(), name
        assert str(tmp_path).encode() not in (one / name).read_bytes(), name


def test_the_page_shows_every_cell_and_loads_nothing(written: Path) -> None:
    seen, text = look(written / "index.html"), (written / "index.html").read_text(encoding="utf-8")
    assert len(seen.sources) == 7 + 2  # a tile a cell, before and after fine-tuning
    assert all(source.startswith("data:image/png;base64,") for source in seen.sources)
    assert seen.without_alt == 0
    assert {"link", "iframe"}.isdisjoint(seen.tags)
    assert "not in the sweep" in text
    assert "Every tile shows the same seeds and labels" in text
    assert "153.0 [147.0, 159.0]" in text
    assert "real images (floor)" in text
    assert "within noise of the best" in text
    assert "3f2a.dir" in text
    assert set(seen.links) >= {"../studies/digits/", "results.csv", "metrics.json"}


def test_the_settings_of_a_figure_are_words() -> None:
    assert _setting_words({"seed": 0, "k": 5}) == "k 5, seed 0"
    assert _setting_words(0.95) == "0.95"


def test_results_csv_has_a_row_a_cell_and_metric(written: Path) -> None:
    with (written / "results.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    rows_of_tuned = 2 * 4 + 3 + 4 + 5  # before and after, the new floor, both on the base's own
    assert len(rows) == 7 * 4 + 3 + rows_of_tuned  # cells, floor
    first = rows[0]
    assert first["name"] == "schedule=linear,guidance=1"
    assert (first["metric"], first["value"]) == ("fd_efficientnet_lite0", "210.0")
    assert (first["low"], first["high"], first["n_generated"]) == ("204.0", "216.0", "40")
    assert (
        json.loads((written / "metrics.json").read_text())["best"] == "schedule=cosine,guidance=2"
    )


def test_the_pictures_open(written: Path) -> None:
    for name in ("samples.png", "tradeoff.png", "loss.png"):
        with Image.open(written / name) as image:
            image.load()
            assert image.width > 600
            assert not image.info.keys() & {"Software", "date", "Creation Time"}


def test_a_hostile_name_is_only_text(report_input: SimpleNamespace, tmp_path: Path) -> None:
    spec = report_input.spec
    hostile = 'x"><script>alert(1)</script>'
    spec["name"] = hostile
    spec["cells"][0]["name"] = spec["cells"][0]["model"] = hostile
    seen = look(run(report_input, tmp_path / "out") / "index.html")
    assert seen.tags.count("script") == OURS


def test_cells_with_other_seeds_are_named(report_input: SimpleNamespace, tmp_path: Path) -> None:
    path = report_input.inputs["sample:2"] / "samples.csv"
    header, *rows = path.read_text().splitlines()
    path.write_text("\n".join([header, *("9" + row for row in rows)]))
    text = (run(report_input, tmp_path / "out") / "index.html").read_text(encoding="utf-8")
    assert "same seeds and labels, except: schedule=linear,guidance=4." in text


def test_without_finetune_and_clip_score_the_page_stands(
    report_input: SimpleNamespace, tmp_path: Path
) -> None:
    inputs = {role: path for role, path in report_input.inputs.items() if "tune" not in role}
    del inputs["evaluate:baseline"]
    for role, path in inputs.items():
        if role.startswith(("evaluate", "reference")):
            content = json.loads((path / "metrics.json").read_text())
            content["metrics"].pop("clip_score_domain", None)
            (path / "metrics.json").write_text(json.dumps(content))
    spec = report_input.spec | {"finetunes": [], "study": False}
    out = tmp_path / "out"
    out.mkdir()
    report(spec, inputs, out, Runtime())
    text = (out / "index.html").read_text(encoding="utf-8")
    assert "Fine-tune" not in text
    assert "study/" not in text


def test_a_missing_figure_file_is_named(report_input: SimpleNamespace, tmp_path: Path) -> None:
    (report_input.inputs["evaluate:1"] / "metrics.json").unlink()
    with pytest.raises(AlphabarError, match=r"metrics\.json does not exist"):
        run(report_input, tmp_path / "out")


def test_forty_cells_and_a_distilled_model_make_a_readable_page(
    solvers_input: SimpleNamespace, tmp_path: Path
) -> None:
    # large coloured noise is the worst case for the weight of the tiles
    rng = np.random.default_rng(0)
    for role, path in solvers_input.inputs.items():
        if role.startswith("sample"):
            np.save(path / "images.npy", rng.integers(0, 256, (40, 32, 32, 3), dtype=np.uint8))
    out = run(solvers_input, tmp_path / "out")
    assert (out / "evaluations.png").exists()
    assert (out / "index.html").stat().st_size < 2_000_000
    text, seen = (out / "index.html").read_text(encoding="utf-8"), look(out / "index.html")
    assert len(seen.sources) == 41 + 5  # before, ddim at few steps, after at 1, 2 and 4 steps
    assert "At 10 steps: " in text
    assert "At 10 evaluations, 10 steps unless noted: " in text
    assert "share no point" in text  # what "outside the intervals" means
    assert "Distillation into few steps: consistency" in text
    assert "style None" not in text
    assert text.count('<tr class="group">') == 10
    assert "evaluations.png" in seen.links
    with (out / "results.csv").open(newline="") as file:
        costs = {row["name"]: row["network_evaluations"] for row in csv.DictReader(file)}
    assert costs["distilled, consistency, 2 steps (consistency)"] == "2.0"


def test_a_full_evaluation_makes_a_full_page(rich_input: SimpleNamespace, tmp_path: Path) -> None:
    out = run(rich_input, tmp_path / "out")
    text, seen = (out / "index.html").read_text(encoding="utf-8"), look(out / "index.html")
    assert "9 more metrics" in text
    assert "Holm" in text
    assert "worse than the best" in text
    assert "beyond noise" in text
    assert "Where it is weak" in text
    assert "Is the model copying its training data?" in text
    assert "no sign of copying" in text
    assert len(seen.sources) == 7 + 2 + 2 * 4  # tiles, before and after, the closest pairs
    assert seen.without_alt == 0
    with (out / "results.csv").open(newline="") as file:
        metrics = {row["metric"] for row in csv.DictReader(file)}
    assert {"vendi_efficientnet_lite0", "fd_infinity_efficientnet_lite0"} < metrics


def test_a_hostile_group_is_only_text(rich_input: SimpleNamespace, tmp_path: Path) -> None:
    for path in {p for role, p in rich_input.inputs.items() if role.startswith("evaluate")}:
        content = json.loads((path / "metrics.json").read_text())
        content["groups"]["<script>alert(1)</script>"] = content["groups"].pop("the digit 0")
        (path / "metrics.json").write_text(json.dumps(content))
    seen = look(run(rich_input, tmp_path / "out") / "index.html")
    assert seen.tags.count("script") == OURS


def test_figures_without_pseudo_values_are_compared_by_their_intervals(written: Path) -> None:
    text = (written / "index.html").read_text(encoding="utf-8")
    assert "Holm" not in text
    assert "outside the intervals" in text
    assert "pseudo-values are not recorded" in text
    for heading in ("Where it is weak", "Is the model copying", "more metric"):
        assert heading not in text


def test_a_schedule_sweep_shows_the_bound_and_the_cells_side_by_side(
    schedules_input: SimpleNamespace, tmp_path: Path
) -> None:
    out = run(schedules_input, tmp_path / "out")
    text = (out / "index.html").read_text(encoding="utf-8")
    assert (out / "ranking.png").exists()
    assert not (out / "tradeoff.png").exists()
    assert "elbo_bpd, is how many bits" in text
    assert "process.zero_terminal_snr" in text
    assert "Fine-tune" not in text
    assert "Distillation" not in text
