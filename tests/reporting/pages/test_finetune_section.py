"""What the page says of fine-tunes."""

from pathlib import Path
from types import SimpleNamespace

import matplotlib.figure
import pytest

from components.reporting.pages.page import page
from components.reporting.pictures.drift_plot import of_drift
from components.reporting.results import Results, read
from tests.reporting.conftest import SUBJECT_CASE, build


@pytest.fixture(scope="module")
def given(tmp_path_factory: pytest.TempPathFactory) -> SimpleNamespace:
    root: Path = tmp_path_factory.mktemp("section")
    return build(root)


def test_what_it_costs_the_base_stands_beside_what_it_has_gained(given: SimpleNamespace) -> None:
    text = page(read(given.spec, given.inputs))
    section = text[text.index('id="fine-tune"') : text.index('id="training"')]
    assert "What it costs the base" in section
    assert "feature drift" in section
    assert "Likeness to the subject" not in section


@pytest.fixture(scope="module")
def subject(tmp_path_factory: pytest.TempPathFactory) -> Results:
    given = build(tmp_path_factory.mktemp("subject"), SUBJECT_CASE)
    return read(given.spec, given.inputs)


def part(text: str, start: str, end: str) -> str:
    """The page's section from the heading ``start`` to the heading ``end``."""
    return text[text.index(f"<h3>{start}") : text.index(f"<h3>{end}")]


def test_a_subject_is_shown_beside_what_the_models_make_of_it(subject: Results) -> None:
    section = part(page(subject), "Likeness to the subject", "Fidelity")
    for words in ("0.620 [0.570, 0.670]", "0.760 [0.710, 0.810]", "The base", "prior_weight=1"):
        assert words in section
    assert section.count("<img") == 4, "the subject, the base, and two models"


def test_a_subjects_prompts_are_judged_beside_the_bases(subject: Results) -> None:
    section = part(page(subject), "Fidelity to the prompt", "What has become of the class")
    for words in ("CLIP score", "CLIP R-precision", "authenticity", "less the base", "the base"):
        assert words in section
    assert "Vendi" not in section


def test_what_has_become_of_the_class_has_a_row_a_model(subject: Results) -> None:
    text = page(subject)
    section = part(text, "What has become of the class", "What it costs the base")
    for words in ("feature drift", "0.070", "recall", "Vendi score", "prior_weight=0"):
        assert words in section
    assert section.count("<img") == 3, "of the base and of two models"
    assert "Copies of what it was tuned on" in text


def test_the_plot_of_a_subject_has_likeness_over_drift(subject: Results) -> None:
    assert subject.finetuned is not None
    (plot,) = of_drift(subject.finetuned, subject.metric or "")
    assert "0.620 [0.570, 0.670] at 0." in plot.label
    assert "more like the subject" in plot.caption
    axes = matplotlib.figure.Figure().subplots()
    plot.plot(axes)
    assert "likeness to the subject" in axes.get_ylabel()
    names = axes.get_legend_handles_labels()[1]
    assert {"base, before", "ceiling (real ones, each to the others)", "limit"} < set(names)
    heights = {line.get_ydata()[0] for line in axes.lines if len(line.get_ydata()) == 2}
    assert {0.25, 0.76} <= heights
    bars = [bar for line in axes.containers for bar in line.lines[2]]
    assert len(bars) >= 4, "both intervals of both models"


def test_what_each_fine_tune_took_has_a_row(subject: Results) -> None:
    text = page(subject)
    section = text[text.index("<h3>What it took") : text.index('id="training"')]
    for words in ("of them trained", "prior_weight=0", "prior_weight=1"):
        assert words in section
