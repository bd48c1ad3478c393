"""The stage answers a study as its taste says, and its files are taken as the page's are."""

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from components.errors import AlphabarError
from components.preference.about import KEY, QUESTIONS, About, write_about
from components.preference.answers.imported import Imported, import_answers
from components.preference.design.design import draw_design
from components.preference.design.key import Key, PairAbout, key_of, read_key, write_key
from components.preference.design.size import Size
from components.preference.simulated.people import answers_of
from components.preference.simulated.stage import answers
from components.preference.statistics.minds import Population
from components.preference.statistics.win_rate import Rate, win_rate
from components.runtime import Runtime

SIZE = Size(("plain", "bright"), 40, 6, 3)


def a_key() -> Key:
    key = key_of(draw_design(SIZE, 1), "ab12cd34", tuple(QUESTIONS))
    pairs = sorted({item.pair for item in key.items.values() if item.kind != "check"})
    files = {pair: {m: f"images/{pair}-{m}.png" for m in SIZE.models} for pair in pairs}
    about = {pair: PairAbout(None, each, {}) for pair, each in files.items()}
    return Key(key.study, key.kind, key.questions, key.items, about, {})


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Forty pairs of grey images; one model's are brighter in nine of ten."""
    folder, key, rng = tmp_path_factory.mktemp("study"), a_key(), np.random.default_rng(5)
    write_key(folder / KEY, key)
    write_about(folder, _about())
    (folder / "images").mkdir()
    for number, about in enumerate(key.pairs.values()):
        base = int(rng.integers(60, 120))
        for model, file in about.files.items():
            more = 40 if (model == "bright") != (number % 10 == 0) else 0
            Image.fromarray(np.full((8, 8), base + more, np.uint8)).save(folder / file)
    return folder


def _about(**changed: Any) -> About:
    sizes = {"pairs": SIZE.pairs, "people": SIZE.people, "raters": SIZE.raters}
    hidden = {"repeats": SIZE.repeats, "checks": SIZE.checks, "seed": 1}
    said: Mapping[str, Any] = {**sizes, **hidden, "simulated": True, **changed}
    return About("ab12cd34", "which", "pairwise", QUESTIONS, SIZE.models, **said)


def answered(study: Path, out: Path, **simulate: Any) -> Imported:
    out.mkdir()
    spec = {"simulate": {"taste": "brightness", "clickers": 0.0} | simulate}
    answers(spec, {"study": study}, out, Runtime())
    return import_answers(out, [], read_key(study / KEY))


def rate_of(found: Imported) -> Rate:
    choices = found.choices.of_question("quality")
    return win_rate(choices, choices.model("bright"), choices.model("plain"), draws=0)


def test_every_answer_is_taken_and_the_taste_decides(study: Path, tmp_path: Path) -> None:
    found = answered(study, tmp_path / "out", strength=8.0)
    assert (found.refused, found.twice) == ((), 0)
    assert len(found.kept) == 2 * len(a_key().items)
    assert rate_of(found).value == pytest.approx(0.9, abs=0.05)


def test_the_decided_pairs_are_those_that_most_prefer(study: Path, tmp_path: Path) -> None:
    answered(study, tmp_path / "out", strength=8.0)
    with (tmp_path / "out" / "decided" / "decided.csv").open() as file:
        rows = list(csv.DictReader(file))
    images = np.load(tmp_path / "out" / "decided" / "images.npy")
    assert 35 < len(rows) <= 40
    assert {row["simulated"] for row in rows} == {"true"}
    for row in rows:
        won, lost = (images[int(row[f"{which}_image"])].mean() for which in ("winner", "loser"))
        assert won > lost
        assert 0 < float(row["weight"]) <= 1


def test_without_a_taste_and_with_the_opposite_one(study: Path, tmp_path: Path) -> None:
    coin = answered(study, tmp_path / "coin", strength=0.0, seed=1)
    crossed = rate_of(coin).crossed
    assert crossed is not None
    assert crossed.low < 0.5 < crossed.high
    less = answered(study, tmp_path / "less", strength=-8.0)
    assert rate_of(less).value == pytest.approx(0.1, abs=0.05)


def test_who_likes_the_candidate_looks_at_no_image(study: Path, tmp_path: Path) -> None:
    found = answered(study, tmp_path / "out", taste="candidate", strength=8.0)
    assert (rate_of(found).value or 0) > 0.95


def test_the_same_seed_gives_the_same_files_and_another_others(study: Path, tmp_path: Path) -> None:
    texts = []
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        answered(study, tmp_path / name, seed=seed)
        files = sorted((tmp_path / name).rglob("*"))
        texts.append([file.read_bytes() for file in files if file.is_file()])
    assert texts[0] == texts[1] != texts[2]


def test_a_study_for_people_and_one_of_equal_images_are_refused(
    study: Path, tmp_path: Path
) -> None:
    with pytest.raises(AlphabarError, match="same saturation"):
        answered(study, tmp_path / "grey", taste="saturation")
    write_about(study, _about(simulated=False))
    with pytest.raises(AlphabarError, match="one for people"):
        answered(study, tmp_path / "people")
    write_about(study, _about())


def test_checks_are_passed_by_who_looks_and_missed_by_who_clicks() -> None:
    key = a_key()
    checks = {name: item.expected for name, item in key.items.items() if item.kind == "check"}

    def passed(clickers: float) -> float:
        found = answers_of(key, {}, Population(clickers=clickers, slip=0.0), 3)
        return float(np.mean([a.answer == checks[a.item] for a in found if a.item in checks]))

    assert passed(0.0) == 1
    assert passed(1.0) < 0.7


def test_only_pairs_with_an_order_for_each_annotator_can_be_answered() -> None:
    single = key_of(draw_design(Size(("a",), 12, 2, 2, kind="realism"), 1), "x", ("real",))
    with pytest.raises(ValueError, match="study of pairs"):
        answers_of(single, {}, Population(), 0)
