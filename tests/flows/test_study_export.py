"""`alphabar study export`: models, samples and folders of images become a study."""

import csv
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from components.errors import AlphabarError
from components.files.manifest import check
from components.files.new_folder import seal_folder
from components.preference.about import KEY, read_about
from components.preference.design.key import read_key
from flows.cli import app
from flows.tools.study_export import called
from tests.evaluation.conftest import write_prepared
from tests.flows.untrained import write_untrained
from tests.preference.conftest import write_samples

FEW = ("--pairs", "6", "--raters", "2")


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three untrained models of cats and dogs."""
    root = tmp_path_factory.mktemp("models")
    write_untrained(root, "one", "two", "three")
    return root


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty project, with two folders of samples and two of images."""
    monkeypatch.chdir(tmp_path)
    write_samples(tmp_path / "a", 60)
    write_samples(tmp_path / "b", 180)
    for name, grey, count in (("flat", 60, 7), ("bright", 200, 6)):
        (tmp_path / name).mkdir()
        for k in range(count):
            image = Image.fromarray(np.full((8, 8, 3), grey + k, np.uint8))
            image.save(tmp_path / name / f"a cat {k}.png")
    return tmp_path


def exported(*words: object) -> str:
    command = ["study", "export", *map(str, words), "-q"]
    result = CliRunner().invoke(app, command, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def test_samples_become_a_study_with_its_load_told(place: Path) -> None:
    told = exported("mine", "--baseline", "a", "--candidate", "b", "--pairs", 40, "--raters", 4)
    study = place / "reports" / "studies" / "mine"
    assert "4 annotators, 52 items each with 6 repeats and 6 attention checks: about 10 min" in told
    assert f"keep to yourself: {study / 'key.json'}" in told
    assert "generated images in the place of real ones" in told
    check(study)
    about, key = read_about(study), read_key(study / KEY)
    assert (about.name, about.models, about.pairs) == ("mine", ("a", "b"), 40)
    assert key.models["a"]["from"] == "a"
    assert len(list(study.glob("annotator-*.html"))) == 4


def test_the_same_command_again_writes_the_same_study(place: Path) -> None:
    words = ("--baseline", "a", "--candidate", "b", *FEW)
    exported("mine", *words)
    exported("mine", *words, "--out", "elsewhere")
    one, other = place / "reports" / "studies" / "mine", place / "elsewhere"
    assert read_about(one).study == read_about(other).study
    (one / "annotator-01.html").write_text("damaged")
    exported("mine", *words)
    for path in other.rglob("*.*"):
        if path.name not in ("manifest.json", "images"):
            assert path.read_bytes() == (one / path.relative_to(other)).read_bytes()


@pytest.mark.parametrize("name", ["answers", "links.json", "served.sqlite", "exclusions.json"])
def test_a_study_in_people_s_hands_is_not_overwritten(place: Path, name: str) -> None:
    words = ("mine", "--baseline", "a", "--candidate", "b", *FEW)
    exported(*words)
    study = place / "reports" / "studies" / "mine"
    (study / name).write_text("hers")
    page = (study / "annotator-01.html").read_bytes()
    with pytest.raises(AlphabarError, match=f"in people's hands: it has {name}"):
        exported(*words, "--seed", 7)
    assert (study / name).read_text() == "hers"
    assert (study / "annotator-01.html").read_bytes() == page


def test_another_study_of_the_name_goes_aside_since_its_pages_may_have_been_sent(
    place: Path,
) -> None:
    words = ("--baseline", "a", "--candidate", "b", *FEW)
    exported("mine", *words)
    studies = place / "reports" / "studies"
    before = read_about(studies / "mine").study
    told = exported("mine", *words, "--seed", 5)
    aside = studies / f"mine-{before[:8]}"
    assert f"another study of this name is now in {aside}" in told
    assert read_about(aside).study == before != read_about(studies / "mine").study


def test_an_attention_check_has_a_pair_s_words_and_not_the_name_of_the_real_file(
    place: Path,
) -> None:
    (place / "photos").mkdir()
    for k in range(6):
        image = Image.fromarray(np.full((8, 8, 3), 30 * k, np.uint8))
        image.save(place / "photos" / f"IMG_{k}.png")
    exported("mine", "--baseline", "flat", "--candidate", "bright", *FEW, "--real", "photos")
    pages = [path.read_text() for path in (place / "reports/studies/mine").glob("*.html")]
    assert pages
    assert not [page for page in pages if "IMG_" in page]


def test_two_models_of_the_very_same_images_are_refused(place: Path) -> None:
    shutil.copytree(place / "a", place / "twin")
    with pytest.raises(AlphabarError, match="a and twin have the very same images"):
        exported("mine", "--baseline", "a", "--candidate", "twin", *FEW)
    assert not (place / "reports" / "studies" / "mine").exists()


def test_a_list_of_what_was_refused_is_nobody_s_answer(place: Path) -> None:
    words = ("mine", "--baseline", "a", "--candidate", "b", *FEW)
    exported(*words)
    study = place / "reports" / "studies" / "mine"
    (study / "answers").mkdir()
    (study / "answers" / "refused.csv").write_text("file,place,reason\n")
    exported(*words, "--seed", 7)
    assert not (study / "answers").exists()
    kept = study / "answers" / "about" / f"{'0' * 64}.json"
    kept.parent.mkdir(parents=True)
    kept.write_text("{}")
    (study / "answers" / "refused.csv").write_text("file,place,reason\n")
    with pytest.raises(AlphabarError, match="in people's hands: it has answers"):
        exported(*words, "--seed", 8)


def test_nothing_that_is_not_a_study_is_overwritten(place: Path) -> None:
    with pytest.raises(AlphabarError, match="has not written"):
        exported("x", "--baseline", "a", "--candidate", "b", *FEW, "--out", "flat")


@pytest.mark.parametrize("name", ["../x", "a/b", "", ".", "..", "/tmp/x", "x y", "x."])
def test_a_name_that_is_no_plain_name_is_refused(place: Path, name: str) -> None:
    with pytest.raises(AlphabarError, match="no name of a study"):
        exported(name, "--baseline", "a", "--candidate", "b", *FEW)
    assert not (place / "reports").exists()


def test_folders_of_images_go_together_by_name(place: Path) -> None:
    told = exported("mine", "--baseline", "flat", "--candidate", "bright", *FEW)
    assert "without a partner: 1 image of flat" in told
    study = place / "reports" / "studies" / "mine"
    prompts = {item.prompt for item in read_key(study / KEY).items.values()}
    assert {"a cat 0", "a cat 5"} <= prompts
    with pytest.raises(AlphabarError, match="6 images have the same name .* asks for 7 pairs"):
        exported("x", "--baseline", "flat", "--candidate", "bright", "--pairs", "7")


def test_images_of_unlike_sizes_need_one(place: Path) -> None:
    Image.fromarray(np.zeros((16, 8, 3), np.uint8)).save(place / "bright" / "a cat 1.png")
    words = ("mine", "--baseline", "flat", "--candidate", "bright", *FEW)
    with pytest.raises(AlphabarError, match="'a cat 1': flat 8 x 8, bright 8 x 16") as caught:
        exported(*words)
    assert "--size" in caught.value.remedy
    assert not (place / "reports").exists() or not list((place / "reports").rglob("*.html"))
    exported(*words, "--size", 8)


def test_models_are_drawn_on_the_same_prompts_seeds_and_settings(models: Path, place: Path) -> None:
    named = [f"--candidate={models / name}" for name in ("two", "three")]
    steps = ("--steps", "2", "--set", "seed=900")
    told = exported("mine", "--baseline", models / "one", *named, *FEW, *steps)
    assert told.count("sampled with ddim, 2 steps") == 3
    study = place / "reports" / "studies" / "mine"
    key = read_key(study / KEY)
    assert set(key.models) == {"one", "two", "three"}
    assert {json.dumps(each["sampling"], sort_keys=True) for each in key.models.values()} == {
        json.dumps(key.models["one"]["sampling"], sort_keys=True)
    }
    assert {about.seed for about in key.pairs.values()} == set(range(900, 906))
    assert {item.prompt for item in key.items.values() if item.kind == "shown"} == {"cat", "dog"}
    # a model and samples that were drawn alike go together, too
    drawn = ["sample", str(models / "two"), "--out", "s", "-n", "6", "--steps", "2", "-q"]
    assert CliRunner().invoke(app, drawn, catch_exceptions=False).exit_code == 0
    exported("both", "--baseline", models / "one", "--candidate", "s", *FEW, "--steps", 2)


def test_prompts_come_from_a_file(models: Path, place: Path) -> None:
    (place / "asked.csv").write_text("prompt,group\ncat,small\ndog,large\n")
    both = ("--baseline", models / "one", "--candidate", models / "two", *FEW, "--steps", "2")
    told = exported("mine", *both, "--prompts", "asked.csv")
    assert "2 prompts in 2 groups" in told
    key = read_key(place / "reports" / "studies" / "mine" / KEY)
    assert {(i.prompt, i.group) for i in key.items.values() if i.kind == "shown"} == {
        ("cat", "small"),
        ("dog", "large"),
    }
    (place / "asked.txt").write_text("bird\n")
    with pytest.raises(AlphabarError, match="bird"):
        exported("x", *both, "--prompts", "asked.txt")


def test_realism_takes_real_images(place: Path) -> None:
    write_samples(place / "real", 230)
    words = ("mine", "--baseline", "a", "--candidate", "b", "--kind", "realism", "--pairs", "8")
    exported(*words, "--real", "real")
    about = read_about(place / "reports" / "studies" / "mine")
    assert (about.kind, list(about.questions)) == ("realism", ["real"])
    with pytest.raises(AlphabarError, match="nobody knows the data of a"):
        exported(*words, "--real", "holdout")


def in_store(root: Path, stage: str, key: str, folder: Path, **inputs: str) -> Path:
    """Publish a folder as a stage would."""
    place = root / "artifacts" / stage / (key * 32)
    place.parent.mkdir(parents=True, exist_ok=True)
    shutil.copytree(folder, place)
    seal_folder(
        place, {"stage": stage, "key": key * 32, "inputs": inputs, "spec": {"source": "digits"}}
    )
    return place


def test_prompts_and_real_images_come_from_the_baseline_s_held_out_data(
    models: Path, place: Path
) -> None:
    dark = np.full((30, 4, 4, 1), 5, np.uint8)
    classes = np.arange(30) % 2
    captions = [f"a small {'dog' if c else 'cat'}" for c in classes]
    write_prepared(place / "data", dark, classes, captions, n_train=10)
    info = json.loads((place / "data" / "dataset.json").read_text())
    (place / "data" / "dataset.json").write_text(json.dumps(info | {"classes": ["cat", "dog"]}))
    in_store(place, "prepare", "d1", place / "data")
    one = in_store(place, "train", "a1", models / "one", data="d1" * 32)
    both = ("--baseline", one, "--candidate", models / "two", *FEW, "--steps", "2")
    exported("mine", *both, "--real", "holdout")
    study = place / "reports" / "studies" / "mine"
    assert read_about(study).notes == ()
    key = read_key(study / KEY)
    assert key.models["a1" * 6]["model"] == "a1" * 32
    shown = [item for item in key.items.values() if item.kind == "shown"]
    assert {item.prompt for item in shown} == {"a small cat", "a small dog"}
    assert {item.group for item in shown} == {"cat", "dog"}
    with (study / "tasks.csv").open() as file:
        tasks = list(csv.DictReader(file))
    real = [
        task["left" if key.items[task["item"]].left == "real" else "right"]
        for task in tasks
        if key.items[task["item"]].kind == "check"
    ]
    for name in real:
        with Image.open(study / name) as image:
            assert np.asarray(image).max() == 5


REFUSED = [
    (("--baseline", "a", "--candidate", "flat"), "of several kinds"),
    (("--baseline", "a", "--candidate", "nowhere"), "neither images nor a model"),
    (("--baseline", "a", "--candidate", "b", "--prompts", "x.txt"), "has no meaning here"),
    (("--baseline", "a", "--candidate", "b", "--steps", "3"), "has no meaning here"),
    (("--baseline", "a", "--candidate", "b", "--kind", "taste"), "no kind of study"),
    (("--baseline", "a", "--candidate", "b", "--questions", "taste"), "'taste' cannot be asked"),
    (("--baseline", "a", "--candidate", "b", "--people", "1"), "no such study"),
    (("--baseline", "a", "--candidate", "b", "--pairs", "41"), "asks for 41 pairs"),
]


@pytest.mark.parametrize(("words", "fault"), REFUSED)
def test_what_cannot_be_compared_is_refused(
    place: Path, words: tuple[str, ...], fault: str
) -> None:
    with pytest.raises(AlphabarError, match=fault):
        exported("mine", *words)
    assert not list(place.rglob("*.html"))


def test_what_is_compared_gets_short_names_that_differ(tmp_path: Path) -> None:
    for name in ("x/run", "y/run", "x/images", "real"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / ("ab" * 32)).mkdir()
    paths = [str(tmp_path / name) for name in ("x/run", "y/run", "x/images", "real", "ab" * 32)]
    assert called([*paths, "digits@2", "digits@2"]) == [
        "run",
        "y/run",
        "x",
        "real (2)",
        "ab" * 6,
        "digits@2",
        "digits@2 (2)",
    ]
