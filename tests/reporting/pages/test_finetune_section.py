"""What the page says of fine-tunes."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import matplotlib.figure
import pytest

from components.reporting.pages.page import page
from components.reporting.pictures.drift_plot import of_drift
from components.reporting.results import Results, read
from tests.reporting.conftest import DIGITS_CASE, KINDS, SUBJECT_CASE, build


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
    values = ("0.620</span> <small>[0.570, 0.670]", "0.760</span> <small>[0.710, 0.810]")
    for words in (*values, "The base", "prior_weight=1"):
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
    assert {"base, before", "ceiling (real ones, each to the others)", "limit 0.5", "chosen"} < set(
        names
    )
    heights = {line.get_ydata()[0] for line in axes.lines if len(line.get_ydata()) == 2}
    assert {0.25, 0.76} <= heights
    bars = [bar for line in axes.containers for bar in line.lines[2]]
    assert len(bars) >= 4, "both intervals of both models"


NATURE = (
    "Under equal sampling the textual inversion of &lt;a&gt; draws prompts without that word as "
    "its base does, to the bit"
)


@pytest.mark.parametrize("chosen", ["dreambooth", "textual_inversion"])
def test_the_drift_of_a_subjects_word_is_said_to_be_none_whichever_is_chosen(
    tmp_path: Path, chosen: str
) -> None:
    word = {"finetune.kind": "textual_inversion", "finetune.token": "<a>"}
    cells = [{"finetune.prior_weight": 0}, word | {"finetune.initial": "digit"}]
    if chosen == "textual_inversion":
        cells.reverse()
    values = SUBJECT_CASE.experiment | {"sweep": {}, "cells": cells}
    given = build(tmp_path, replace(SUBJECT_CASE, experiment=values))
    found = read(given.spec, given.inputs)
    assert found.finetuned is not None
    assert found.finetuned.section["kind"] == chosen
    text = page(found)
    assert text.count(NATURE) == 1
    assert "on them its drift is 0 by nature, so that no <code>drift_at_most</code> above" in text
    assert "prompts with it" not in text


def test_the_drift_of_a_word_of_the_datas_is_said_to_be_of_prompts_with_it(tmp_path: Path) -> None:
    word = {"finetune.kind": "textual_inversion", "finetune.token": "<a>"}
    word |= {"finetune.initial": "digit", "finetune.template": "{caption} {token}"}
    told = {"conditioning": {"encoder": "minilm"}, "cells": [{"finetune.kind": "full"}, word]}
    case = replace(DIGITS_CASE, experiment=KINDS | {"sweep": {}} | told)
    given = build(tmp_path, case)
    text = page(read(given.spec, given.inputs))
    assert f"{NATURE}: its drift is that of prompts with it." in text
    assert "0 by nature" not in text


def test_what_each_fine_tune_took_has_a_row(subject: Results) -> None:
    text = page(subject)
    section = text[text.index(">What it took") : text.index('id="training"')]
    for words in ("of them trained", "prior_weight=0", "prior_weight=1"):
        assert words in section


def test_what_it_took_says_where_each_lies_and_stands_on_the_page_once(subject: Results) -> None:
    assert subject.finetuned is not None
    text = page(subject)
    for each in subject.finetuned.histories:
        stage, _, key = each.path.rpartition("/")
        assert f"{stage}/{key[:12]}*" in text
        assert text.count(f'<tr><th scope="row">{each.name.replace(",", ", ")}</th>') == 1


def test_the_base_is_what_others_are_compared_with_and_the_chosen_one_is_marked(
    subject: Results,
) -> None:
    text = part(page(subject), "What it costs the base", "Differences between")
    assert subject.finetuned is not None
    assert f'class="best"><th scope="row">{subject.finetuned.chosen.line} (chosen)' in text
    for words in ("reference", "from the base", "keeps the limits"):
        assert words in text
    for words in ("of the best", "from the best", ">best<", "better than the chosen one"):
        assert words not in text
    assert "at hand" not in text


def test_a_model_that_breaks_the_limits_is_said_to(tmp_path: Path) -> None:
    case = replace(SUBJECT_CASE, drifts=(0.1, 0.7), alike=(0.5, 0.7))
    given = build(tmp_path, case)
    results = read(given.spec, given.inputs)
    assert results.finetuned is not None
    assert results.finetuned.kept == (True, False)
    likeness = part(page(results), "Likeness to the subject", "Fidelity")
    assert "<td>yes</td>" in likeness
    assert "<td>no</td>" in likeness


def test_kinds_are_not_named_by_that_of_the_chosen_one(tmp_path: Path) -> None:
    word = {"finetune.kind": "textual_inversion", "finetune.token": "<a>"}
    cells = [word | {"finetune.initial": "digit"}, {"finetune.prior_weight": 0}]
    values = SUBJECT_CASE.experiment | {"sweep": {}, "cells": cells}
    given = build(tmp_path, replace(SUBJECT_CASE, experiment=values))
    results = read(given.spec, given.inputs)
    text = page(results)
    title = "Fine-tunes: Textual inversion: &lt;a&gt;; DreamBooth: sks digit</h2>"
    assert title in text
    assert results.finetuned is not None
    assert [h.name.partition(",")[0] for h in results.finetuned.histories] == [
        "taught a word",
        "fine-tuned",
    ]


def test_models_that_were_asked_otherwise_say_what_by(subject: Results) -> None:
    tuned = subject.finetuned
    assert tuned is not None
    likeness = part(page(subject), "Likeness to the subject", "Fidelity")
    assert "asked" not in likeness
    learnt = {
        name: replace(each, subject=replace(each.subject, prompts=[f"a {name}"]))
        for name, each in tuned.learnt.items()
    }
    text = page(replace(subject, finetuned=replace(tuned, learnt=learnt)))
    likeness = part(text, "Likeness to the subject", "Fidelity")
    for name in learnt:
        assert f"<td>“a {name}”</td>" in likeness
    assert "therefore the base" in likeness


def test_the_settings_are_the_chosen_ones_that_its_kind_reads(subject: Results) -> None:
    text = page(subject)
    settings = text[text.index("<summary>fine-tune settings") :]
    settings = settings[: settings.index("</details>")]
    assert "of the chosen one, prior_weight=" in settings
    assert "<dt>limits.drift at most</dt><dd>0.5</dd>" in settings
    for unread in ("segments", "teacher", "initial", "vectors", "{'"):
        assert unread not in settings


def test_the_pictures_say_how_many_they_leave_out(tmp_path: Path) -> None:
    ranks = {"finetune.rank": [1, 2, 3, 4, 5, 6]}
    values = KINDS | {"sweep": ranks, "finetune": {"style": "bold", "kind": "lora"}}
    given = build(tmp_path, replace(DIGITS_CASE, experiment=values))
    text = page(read(given.spec, given.inputs))
    assert "2 more of the fine-tuned models are not pictured here." in text
