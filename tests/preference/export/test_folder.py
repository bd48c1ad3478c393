"""A study's folder: what its key says is what is shown, and the same inputs give the same bytes."""

from collections import Counter
from collections.abc import Callable
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from components.errors import AlphabarError
from components.files.new_folder import seal_folder
from components.preference.about import KEY, QUESTIONS, read_about
from components.preference.design.key import read_key
from components.preference.export.drawn import STAND_INS
from components.preference.export.folder import WORDLESS
from tests.preference.conftest import BASELINE_GREY, FINETUNED_GREY, write_rows, write_samples
from tests.preference.export.studies import brightness, content, contents, made, shown, table

GREYS = {"baseline": BASELINE_GREY, "finetuned": FINETUNED_GREY, "third": 120}


@pytest.fixture
def out(models: dict[str, Path], tmp_path: Path) -> Path:
    return made(models, tmp_path / "out")


def right_maker(model: str, image: Path) -> bool:
    return abs(brightness(image) - GREYS[model]) < 10


def test_the_key_tells_who_made_each_image(out: Path) -> None:
    key, tasks = read_key(out / KEY), table(out / "tasks.csv")
    assert {task["item"] for task in tasks} == set(key.items)
    for task in tasks:
        item = key.items[task["item"]]
        if item.kind == "check":
            continue
        files = key.pairs[item.pair].files
        assert (task["left"], task["right"]) == (files[item.left], files[item.right])
        assert right_maker(item.left, out / task["left"])
        assert right_maker(item.right, out / task["right"])
        assert task["prompt"] == item.prompt
    assert len(key.pairs) == 20
    for about in key.pairs.values():
        for model, file in about.files.items():
            assert about.digests[model] == sha256((out / file).read_bytes()).hexdigest()


def test_the_images_of_a_pair_are_of_one_row_of_both_samples(
    models: dict[str, Path], tmp_path: Path
) -> None:
    for folder in models.values():
        pixels = np.load(folder / "images.npy")
        pixels[:, 0, 0, 0] = np.arange(40)  # says its row
        np.save(folder / "images.npy", pixels)
    out = made(models, tmp_path / "out")
    for about in read_key(out / KEY).pairs.values():
        assert about.seed is not None
        assert {first_pixel(out / file) for file in about.files.values()} == {about.seed - 100}


def first_pixel(png: Path) -> int:
    with Image.open(png) as image:
        return int(np.asarray(image)[0, 0])


def test_pairs_are_even_over_classes(out: Path) -> None:
    key = read_key(out / KEY)
    prompts = {item.pair: item.prompt for item in key.items.values() if item.kind == "shown"}
    assert set(Counter(prompts.values()).values()) == {2}


def test_every_page_shows_its_slot_s_tasks_with_the_bytes_of_the_files(out: Path) -> None:
    tasks = table(out / "tasks.csv")
    pages = sorted(path.name for path in out.glob("*.html") if path.name != "mturk.html")
    assert pages == ["annotator-01.html", "annotator-02.html", "annotator-03.html"]
    for slot, name in enumerate(pages, start=1):
        page, own = content(out / name), [t for t in tasks if t["slot"] == str(slot)]
        assert page["slot"] == slot
        assert page["study"] == read_about(out).study
        assert [q["id"] for q in page["questions"]] == ["prompt", "quality"]
        assert [int(task["place"]) for task in own] == list(range(1, 20 + 6 + 6 + 1))
        for item, task in zip(page["items"], own, strict=True):
            assert item["item"] == task["item"]
            for side in ("left", "right"):
                assert shown(item[side]) == (out / task[side]).read_bytes()


def test_the_same_inputs_give_the_same_bytes_and_another_seed_or_image_another_key(
    models: dict[str, Path], tmp_path: Path
) -> None:
    one, other = made(models, tmp_path / "one"), made(models, tmp_path / "other")
    assert contents(one) == contents(other)
    seeded = made(models, tmp_path / "seeded", seed=4)
    pixels = np.load(models["baseline"] / "images.npy")
    pixels[-1, 0, 0, 0] ^= 1
    np.save(models["baseline"] / "images.npy", pixels)
    changed = made(models, tmp_path / "changed")
    keys = [read_key(folder / KEY) for folder in (one, seeded, changed)]
    assert len({key.study for key in keys}) == 3
    assert not set(keys[0].items) & set(keys[1].items)
    assert not set(keys[0].items) & set(keys[2].items)


def test_a_new_title_is_the_same_study(models: dict[str, Path], tmp_path: Path) -> None:
    one = read_about(made(models, tmp_path / "one"))
    other = read_about(made(models, tmp_path / "other", name="new", least_seconds=2.0))
    assert one.study == other.study
    assert (other.name, other.least_seconds) == ("new", 2.0)
    fewer = read_about(made(models, tmp_path / "fewer", questions=["quality"]))
    assert fewer.study != one.study


def test_the_key_says_where_images_come_from(models: dict[str, Path], tmp_path: Path) -> None:
    manifest = {"inputs": {"model": "a0" * 32}, "spec": {"sampling": {"solver": "ddim"}}}
    seal_folder(models["baseline"], {"stage": "sample", "key": "a1" * 32} | manifest)
    key = read_key(made(models, tmp_path / "out") / KEY)
    assert key.models["baseline"] == {
        "sample": "a1" * 32,
        "model": "a0" * 32,
        "sampling": {"solver": "ddim"},
        "registered": None,
        "from": "a stage `sample`",
    }
    assert key.models["finetuned"]["model"] is None
    assert key.models["finetuned"]["from"] == "b"


def three(models: dict[str, Path], tmp_path: Path) -> dict[str, Path]:
    return models | {"third": write_samples(tmp_path / "c", GREYS["third"])}


def test_three_models_meet_equally_often(models: dict[str, Path], tmp_path: Path) -> None:
    out = made(three(models, tmp_path), tmp_path / "out", pairs=21)
    key = read_key(out / KEY)
    assert read_about(out).models == ("baseline", "finetuned", "third")
    met = Counter(frozenset(about.files) for about in key.pairs.values())
    assert sorted(met.values()) == [7, 7, 7]
    for about in key.pairs.values():
        assert all(right_maker(model, out / file) for model, file in about.files.items())


def test_real_images_stand_beside_noise_where_they_are_given(
    models: dict[str, Path], tmp_path: Path
) -> None:
    without = made(models, tmp_path / "without")
    assert read_about(without).notes == (STAND_INS,)
    real = write_samples(tmp_path / "real", 235)
    out = made(models | {"real": real}, tmp_path / "out")
    assert read_about(out).notes == ()
    key = read_key(out / KEY)
    checks = [t for t in table(out / "tasks.csv") if key.items[t["item"]].kind == "check"]
    assert len(checks) == 6 * 3
    for task in checks:
        item = key.items[task["item"]]
        sides = {item.left: task["left"], item.right: task["right"]}
        assert abs(brightness(out / sides["real"]) - 235) < 10
        assert 90 < brightness(out / sides["noise"]) < 165


def test_realism_shows_one_image_at_a_time_and_no_words(
    models: dict[str, Path], tmp_path: Path
) -> None:
    inputs = models | {"real": write_samples(tmp_path / "real", 235)}
    out = made(inputs, tmp_path / "out", kind="realism", pairs=24)
    about, key = read_about(out), read_key(out / KEY)
    assert (list(about.questions), about.brief_seconds) == (["real"], 1.0)
    made_by = Counter(next(iter(each.files)) for each in key.pairs.values())
    assert made_by == {"baseline": 6, "finetuned": 6, "real": 12}
    page = content(out / "annotator-01.html")
    assert {(item["prompt"], item["right"]) for item in page["items"]} == {("", None)}
    for each in key.pairs.values():
        for name, file in each.files.items():
            assert abs(brightness(out / file) - (GREYS | {"real": 235})[name]) < 10


def test_realism_without_real_images_or_with_ones_of_another_size_is_refused(
    models: dict[str, Path], tmp_path: Path
) -> None:
    with pytest.raises(AlphabarError, match="there are none") as caught:
        made(models, tmp_path / "none", kind="realism")
    assert "--real" in caught.value.remedy
    real = write_samples(tmp_path / "real", 235)
    pixels = np.load(real / "images.npy").repeat(2, axis=1)
    np.save(real / "images.npy", pixels)
    with pytest.raises(AlphabarError, match="would say which ones are real"):
        made(models | {"real": real}, tmp_path / "sizes", kind="realism")
    # beside noise its size says nothing
    made(models | {"real": real}, tmp_path / "pairs")


def test_draws_of_other_seeds_are_compared_by_prompt_where_that_is_said(
    models: dict[str, Path], tmp_path: Path
) -> None:
    path = models["finetuned"] / "samples.csv"
    path.write_text(path.read_text().replace(",10", ",90"))
    with pytest.raises(AlphabarError, match="do not match at index 0"):
        made(models, tmp_path / "refused")
    assert list((tmp_path / "refused").iterdir()) == []
    key = read_key(made(models, tmp_path / "out", same_seeds=False) / KEY)
    assert {about.seed for about in key.pairs.values()} == {None}


def test_too_few_samples_and_unlike_sizes_are_refused(
    models: dict[str, Path], tmp_path: Path
) -> None:
    with pytest.raises(AlphabarError, match="asks for 41 pairs of samples, and there are 40"):
        made(models, tmp_path / "few", pairs=41)
    np.save(models["finetuned"] / "images.npy", np.zeros((40, 16, 16, 1), np.uint8))
    with pytest.raises(AlphabarError, match=r"baseline 8 x 8, finetuned 16 x 16") as caught:
        made(models, tmp_path / "sizes")
    assert "--size" in caught.value.remedy


def test_images_that_were_asked_for_nothing_are_judged_by_their_looks(
    models: dict[str, Path], tmp_path: Path
) -> None:
    for folder in models.values():
        write_rows(folder, [(i, 100 + i, -1, "", "") for i in range(40)])
    about = read_about(made(models, tmp_path / "out"))
    assert list(about.questions) == ["quality"]
    assert WORDLESS in about.notes
    with pytest.raises(AlphabarError, match="asked for nothing in words"):
        made(models, tmp_path / "refused", questions=["prompt"])


def test_settings_that_make_no_study_are_refused(models: dict[str, Path], tmp_path: Path) -> None:
    for number, (changes, fault) in enumerate(
        [
            ({"people": 2}, "no such study"),
            ({"questions": ["taste"]}, "'taste' cannot be asked"),
            ({"questions": []}, "at least one question"),
        ]
    ):
        with pytest.raises(AlphabarError, match=fault):
            made(models, tmp_path / str(number), **changes)


def test_what_is_asked_is_written_down(models: dict[str, Path], tmp_path: Path) -> None:
    about = read_about(made(models, tmp_path / "out", simulated=True, licences=["images: CC0"]))
    said = {name: value for name, value in asdict(about).items() if name not in ("study", "notes")}
    assert said == {
        "name": "a title",
        "kind": "pairwise",
        "questions": dict(QUESTIONS),
        "models": ("baseline", "finetuned"),
        "pairs": 20,
        "people": 3,
        "raters": 3,
        "repeats": 6,
        "checks": 6,
        "seed": 3,
        "least_seconds": 0.5,
        "brief_seconds": 0.0,
        "licences": ("images: CC0",),
        "simulated": True,
    }


def test_hostile_captions_stay_words(sampled: Callable[..., Path], tmp_path: Path) -> None:
    hostile = ("</script><script>alert(1)</script>", "=cmd()|' /C calc'!A0", '"q" <img src=x>')
    models = {
        name: sampled(tmp_path / name, GREYS[name], hostile) for name in ("baseline", "third")
    }
    out = made(models, tmp_path / "out")
    assert {item["prompt"] for item in content(out / "annotator-01.html")["items"]} == set(hostile)
    assert {row["prompt"] for row in table(out / "tasks.csv")} == {
        hostile[0],
        "'" + hostile[1],
        hostile[2],
    }
    # MTurk puts a cell into its form as it is
    for row in table(out / "mturk.csv"):
        assert not {"<", ">", '"'} & set(row["prompt"])
        assert not row["prompt"].startswith(("=", "'"))
