"""What the page says of fine-tunes."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from components.figures.likeness import Likeness, Value
from components.reporting.finetuned import LearntSubject
from components.reporting.pages.page import page
from components.reporting.results import read
from tests.reporting.conftest import build


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


def test_a_subject_is_shown_beside_what_the_models_make_of_it(given: SimpleNamespace) -> None:
    results = read(given.spec, given.inputs)
    assert results.finetuned is not None
    found = Likeness(*(Value(v, v - 0.05, v + 0.05) for v in (0.62, 0.25, 0.37, 0.76)))
    images = np.zeros((9, 8, 8, 1), np.uint8)
    learnt = LearntSubject({"efficientnet_lite0": found}, images[:5], images, images)
    tuned = replace(results.finetuned, learnt={"prior_weight=1": learnt})
    text = page(replace(results, finetuned=tuned))
    section = text[text.index("Likeness to the subject") : text.index('id="training"')]
    for words in ("0.620 [0.570, 0.670]", "0.760 [0.710, 0.810]", "The base", "prior_weight=1"):
        assert words in section
    assert section.count("<img") >= 3
