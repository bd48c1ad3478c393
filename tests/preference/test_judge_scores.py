"""Judges' scores of a study's images: from the files that people saw, or from evaluations."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from components.errors import AlphabarError
from components.evaluation.preferences.model import PreferenceModel, build_preference
from components.evaluation.preferences.scores import scores
from components.figures.image_scores import ImageScores
from components.preference.design.key import Item, Key, PairAbout
from components.preference.judge_scores import scores_by_seed, scores_of_pairs
from components.preference.statistics.choices import Answer, Outcome, choices_of
from components.preference.statistics.judges import agreement_with
from tests.tiny_preference_models import PROMPTS, pictures, tiny_pickscore

MODELS = ("new", "old")


@pytest.fixture(scope="module")
def judge(tmp_path_factory: pytest.TempPathFactory) -> PreferenceModel:
    folder = tiny_pickscore(tmp_path_factory.mktemp("pickscore"))
    found = build_preference(f"pickscore:{folder}", torch.device("cpu"))
    assert found is not None
    return found


@pytest.fixture
def study(tmp_path: Path) -> Key:
    """Two pairs of two models, and a check; the third pair has no prompt."""
    (tmp_path / "images").mkdir()
    items, pairs = {"check": Item("9", "real image", "noise", "check")}, {}
    for number in range(3):
        pair, files = str(number), {}
        for place, model in enumerate(MODELS):
            files[model] = f"images/{number}{place}.png"
            Image.fromarray(pictures(6)[2 * number + place]).save(tmp_path / files[model])
        prompt = PROMPTS[number] if number < 2 else ""
        items[f"i{number}"] = Item(pair, *MODELS, prompt=prompt)
        pairs[pair] = PairAbout(40 + number if number else None, files, {})
    return Key("s", "pairwise", ("quality",), items, pairs)


def test_the_files_that_people_saw_are_scored_for_their_prompts(
    judge: PreferenceModel, study: Key, tmp_path: Path
) -> None:
    found = scores_of_pairs(judge, study, tmp_path)
    expected = scores(judge, pictures(6)[:4], [p for p in PROMPTS[:2] for _ in MODELS])
    assert {*found} == {"0", "1"}
    flat = [found[pair][model] for pair in ("0", "1") for model in MODELS]
    np.testing.assert_allclose(flat, expected, rtol=1e-5, atol=1e-5)
    said = [Answer(who, pair, *MODELS, Outcome.LEFT) for who in "ab" for pair in found]
    agreed = agreement_with(choices_of(said), found, draws=0)
    leads = [found[pair]["new"] > found[pair]["old"] for pair in found]
    assert agreed.answers_value == np.mean(leads)


@pytest.mark.parametrize("name", ["images/gone.png", "../outside.png", "/etc/hostname"])
def test_images_that_are_not_in_the_study_are_refused(
    judge: PreferenceModel, study: Key, tmp_path: Path, name: str
) -> None:
    home = tmp_path / "images"
    Image.fromarray(pictures(1)[0]).save(tmp_path / "outside.png")
    pairs = {"0": PairAbout(None, {"new": name}, {})}
    with pytest.raises(AlphabarError, match="has no image"):
        scores_of_pairs(judge, replace(study, pairs=pairs), home)


def test_a_study_without_pairs_has_no_scores(judge: PreferenceModel, study: Key) -> None:
    assert scores_of_pairs(judge, replace(study, pairs={}), Path()) == {}


def test_what_evaluations_kept_is_found_by_the_seed(study: Key) -> None:
    def kept(first: float, *names: str) -> ImageScores:
        seeds = np.arange(40, 42)
        return ImageScores(seeds, {name: np.array([first, first + 1]) for name in names})

    judged = {
        "new": kept(5.0, "clip_score", "preference_score_pickscore"),
        "old": kept(1.0, "clip_score"),
        "another": kept(9.0, "clip_score"),
    }
    # pair 0 has no seed, pair 2's was not evaluated, and one model alone has PickScore
    assert scores_by_seed(judged, study) == {"clip_score": {"1": {"new": 6.0, "old": 2.0}}}
