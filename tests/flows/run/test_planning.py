"""What a plan says a run costs."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from components.data.caption_notes import caption_notes
from components.data.prepare import prepare
from components.data.readers import readers_of
from components.errors import AlphabarError
from components.files.tables import write_csv
from components.runtime import Runtime
from components.spec.cost import Cost, stage_cost
from components.spec.loading import parse_experiment
from components.spec.plan import Node
from components.store import Store
from flows.run.planning import (
    LISTED,
    Description,
    describe_plan,
    print_plan,
)
from flows.workspace import Workspace
from tests.flows.pinned import write_pin
from tests.tiny_text_encoders import tiny_clip


def plan_of(values: dict[str, Any], root: Path) -> Description:
    return describe_plan(parse_experiment(values, "test"), Workspace(root, root / "artifacts"))


def sampled(description: Description) -> list[Cost]:
    return [stage.evaluations for stage in description.stages if stage.node.stage == "sample"]


@pytest.mark.parametrize(("encoder", "an_image"), [("class", 16), ("minilm", 16), ("none", 8)])
def test_guidance_costs_only_models_that_are_told_what_to_draw(
    shrunk: dict[str, Any], tmp_path: Path, encoder: str, an_image: int
) -> None:
    shrunk |= {"sweep": {}, "also": [], "conditioning": {"encoder": encoder}}
    shrunk["evaluation"] = {"samples": 60}
    assert sampled(plan_of(shrunk, tmp_path)) == [Cost(60 * an_image, "exactly")]


def test_a_finetuned_model_is_told_what_its_baseline_was() -> None:
    train = Node("train", "train", {"conditioning": {"encoder": "none"}}, {})
    tuned = Node("finetune", "finetune", {"training": {}}, {"model": train})
    spec = {"sampling": {"steps": 5, "guidance": 3.0}, "samples": 10}
    assert stage_cost(Node("sample", "sample", spec, {"model": tuned})) == Cost(50, "exactly")


@pytest.mark.parametrize(("encoder", "guided"), [("none", 1), ("class", 2)])
def test_training_costs_its_steps_and_its_evaluations(encoder: str, guided: int) -> None:
    watched = {"evaluate_samples": 20, "evaluate_steps": 5, "evaluate_guidance": 2.0}
    training = {"steps": 10, "batch_size": 8, "evaluate_every": 4, "patience": 0} | watched
    spec = {"conditioning": {"encoder": encoder}, "training": training}
    train = Node("train", "train", spec, {})
    evaluations = (20 + 3 * 20) * 5 * guided  # the picture of step 0; at steps 4, 8 and 10
    assert stage_cost(train) == Cost(3 * 10 * 8 + evaluations, "exactly")
    unwatched = {"training": training | {"evaluate_every": 0}, "teacher_guidance": 3.0}
    for kind, a_row in (("full", 3), ("consistency", 3 + 1 + guided)):
        tuned = Node("finetune", "finetune", unwatched | {"kind": kind}, {"model": train})
        assert stage_cost(tuned) == Cost(a_row * 10 * 8, "exactly")
    ending = spec | {"training": training | {"patience": 1}}
    assert stage_cost(Node("train", "train", ending, {})).certainty == "at most"


def test_the_printed_plan_says_what_is_not_exact(
    shrunk: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shrunk |= {"sweep": {}, "also": []}
    shrunk["sampling"] = {"steps": 8, "guidance": 2, "guidance_sigma_max": 3.0}
    print_plan(plan_of(shrunk, tmp_path))
    printed = capsys.readouterr().out
    assert "at most 960" in printed
    evaluations = (30 + 2 * 40) * 4 * 2  # 30 at step 0; at steps 15 and 30; guided
    assert f"at most {960 + 3 * 30 * 64 + evaluations:,} network evaluations" in printed
    shrunk["sampling"] = {"solver": "rk45"}
    print_plan(plan_of(shrunk, tmp_path))
    assert "about 4,740" in capsys.readouterr().out


def swept(shrunk: dict[str, Any], root: Path, seeds: int) -> Description:
    shrunk |= {"sweep": {"training.seed": list(range(seeds))}, "also": []}
    return plan_of(shrunk, root)


def test_one_cell_is_one_cell(
    shrunk: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    print_plan(swept(shrunk, tmp_path, 1))
    assert "1 cell from 1 trained model\n" in capsys.readouterr().out


def test_many_stages_are_summed_up_by_kind_and_listed_on_demand(
    shrunk: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plan = swept(shrunk, tmp_path, LISTED)
    print_plan(plan)
    short = capsys.readouterr().out
    assert f"{LISTED} cells from {LISTED} trained models" in short
    assert f"{len(plan.stages)} stages; `--all` lists them one by one" in short
    assert "train-seed=7" not in short
    (train,) = (line for line in short.splitlines() if "│ train " in line)
    assert f"{(3 * 30 * 64 + (30 + 2 * 40) * 4 * 2) * LISTED:,}" in train
    print_plan(plan, every=True)
    whole = capsys.readouterr().out
    assert all(stage.node.name in whole for stage in plan.stages)
    assert short.splitlines()[-2:] == whole.splitlines()[-2:]


def test_a_plan_of_data_that_are_not_fetched_says_on_a_line_of_its_own_how_to_fetch_them(
    shrunk: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    print_plan(plan_of(shrunk, tmp_path))
    *_, note, remedy = capsys.readouterr().out.splitlines()
    assert note == f"note: {tmp_path / 'data.dvc'} does not exist"
    assert remedy.startswith("  remedy: restore it")


LONG = "one two three four five six seven eight nine ten eleven twelve thirteen"
CAPTIONED = {
    "name": "captions",
    "data": {"source": "folder", "name": "mine", "size": 8, "holdout": 0.5},
    "conditioning": {"encoder": "minilm"},
    "evaluation": {"samples": 20, "clip": "none"},
}


@pytest.fixture
def captioned(tmp_path: Path) -> Path:
    """A root with the pinned folder `mine`: twelve images, two captions of 16 tokens."""
    folder = tmp_path / "datasets" / "mine"
    folder.mkdir(parents=True)
    rows = []
    for number in range(12):
        Image.fromarray(np.full((8, 8), number, np.uint8)).save(folder / f"{number}.png")
        ends = {0: f"{LONG} red", 1: f"{LONG} blue"}
        rows.append({"file_name": f"{number}.png", "caption": ends.get(number, "a cat")})
    write_csv(folder / "metadata.csv", rows)
    write_pin(folder)
    return tmp_path


@pytest.mark.parametrize(
    ("max_tokens", "said"),
    [
        (None, "none of 12 captions is cut, the longest has 16 tokens"),
        (8, "2 of 12 captions are cut at 8 tokens, the longest has 16"),
    ],
)
def test_a_plan_says_how_many_captions_are_cut_before_and_after_data_is_prepared(
    captioned: Path, capsys: pytest.CaptureFixture[str], max_tokens: int | None, said: str
) -> None:
    values = CAPTIONED | {"conditioning": {"encoder": "minilm", "max_tokens": max_tokens}}
    description = plan_of(values, captioned)
    assert description.notes == [said]
    print_plan(description)
    assert said in capsys.readouterr().out
    node = next(s.node for s in description.stages if s.node.stage == "prepare")
    store = Store(captioned / "artifacts")
    info = {"caption_tokens": {"4": 10, "16": 2}, "several_captions": 0, "not_square": 0}

    def counted(spec: object, inputs: object, out: Path, scratch: Path) -> None:
        (out / "dataset.json").write_text(json.dumps(info))

    store.produce(node, counted)
    (captioned / "datasets" / "mine" / "metadata.csv").unlink()  # it is not asked any more
    assert caption_notes(description.plan.cells, store, captioned) == [said]


def test_each_encoder_of_a_sweep_cuts_captions_where_it_does(
    captioned: Path, tmp_path: Path
) -> None:
    name = f"clip:{tiny_clip(tmp_path / 'clip')}"
    folder = captioned / "datasets" / "mine"
    with (folder / "metadata.csv").open("a") as file:
        file.write(f"3.png,{LONG * 4}\n")
    write_pin(folder)
    values = CAPTIONED | {"sweep": {"conditioning.encoder": ["minilm", name]}}
    description = plan_of(values, captioned)
    (count,) = (reader.count(LONG * 4) for reader in readers_of(name))
    assert count > 77
    cut = f"{name}: 1 of 13 captions are cut at 77 tokens, the longest has {count}"
    assert cut in description.notes
    assert "minilm: none of 13 captions is cut, the longest has 54 tokens" in description.notes
    node = next(s.node for s in description.stages if s.node.stage == "prepare")
    store = Store(captioned / "artifacts")

    def done(spec: Any, inputs: object, out: Path, scratch: Path) -> None:
        prepare(spec, {"raw": folder}, out, Runtime())

    store.produce(node, done)
    assert caption_notes(description.plan.cells, store, captioned) == description.notes


def test_a_plan_says_how_many_images_have_several_captions(captioned: Path) -> None:
    folder = captioned / "datasets" / "mine"
    with (folder / "metadata.csv").open("a") as file:
        file.write("3.png,a dog\n3.png,a bird\n4.png,a dog\n")
    write_pin(folder)
    cut, several = plan_of(CAPTIONED, captioned).notes
    assert cut.startswith("none of 15 captions is cut")
    assert several == "2 images have several captions"


def test_models_that_read_no_captions_have_nothing_to_say_of_them(captioned: Path) -> None:
    assert plan_of(CAPTIONED | {"conditioning": {"encoder": "none"}}, captioned).notes == []


def test_a_plan_says_what_becomes_of_images_that_are_not_square(captioned: Path) -> None:
    folder = captioned / "datasets" / "mine"
    Image.fromarray(np.zeros((8, 9), np.uint8)).save(folder / "5.png")
    write_pin(folder)
    for fit, done in (("crop", "cropped to their central square"), ("pad", "padded with white")):
        data = CAPTIONED["data"] | {"fit": fit}
        assert plan_of(CAPTIONED | {"data": data}, captioned).notes[1:] == [
            f"1 image is not square and was {done}"
        ]


def test_a_plan_says_what_is_in_a_file_of_prompts_and_keys_its_content(captioned: Path) -> None:
    file = captioned / "p.csv"
    file.write_text(f"prompt,group\na cat,x\n,x\n{LONG * 30},y\n")
    values = CAPTIONED | {"evaluation": {"samples": 20, "clip": "none", "prompts": "p.csv"}}
    description = plan_of(values, captioned)
    assert description.notes[1:] == [
        "p.csv: 2 prompts in 2 groups (x 1, y 1); 1 empty line left out",
        "p.csv: 1 of 2 prompts are cut at 256 tokens, the longest has 392",
    ]
    (cell,) = description.plan.cells
    assert Workspace(captioned, captioned / "s").outside_inputs(cell.sample) == {"prompts": file}
    moved = file.rename(captioned / "q.csv")
    values["evaluation"]["prompts"] = "q.csv"
    assert plan_of(values, captioned).plan.cells[0].sample.key == cell.sample.key
    moved.write_text("prompt\na dog\n")
    assert plan_of(values, captioned).plan.cells[0].sample.key != cell.sample.key
    moved.write_bytes(b"\xff\xfe")
    with pytest.raises(AlphabarError, match=r"q.csv is UTF-16 text"):
        plan_of(values, captioned)


def test_a_reference_may_be_asked_for_the_captions_that_were_trained_on(captioned: Path) -> None:
    values = CAPTIONED | {"also": [{"evaluation.prompts": "training"}]}
    held, seen = plan_of(values, captioned).plan.cells
    assert held.train.key == seen.train.key
    assert seen.sample.settings["prompts"] == {"split": "train"}
    assert Workspace(captioned, captioned / "s").outside_inputs(seen.sample) == {}
    assert held.sample.key != seen.sample.key
    assert held.evaluate.spec == seen.evaluate.spec, "judged alike"
    for where in ({"cells": values["also"]}, {"sweep": {"evaluation.prompts": ["training"]}}):
        with pytest.raises(AlphabarError, match=r"`evaluation.prompts` cannot differ among cells"):
            plan_of(CAPTIONED | where, captioned)
    with pytest.raises(AlphabarError, match=r"`evaluation.samples` cannot be swept"):
        plan_of(CAPTIONED | {"also": [{"evaluation.samples": 40}]}, captioned)


def test_prompts_for_a_model_that_is_told_nothing_are_refused(captioned: Path) -> None:
    values = CAPTIONED | {
        "conditioning": {"encoder": "none"},
        "evaluation": {"clip": "none", "prompts": "p.txt"},
    }
    with pytest.raises(AlphabarError, match="`evaluation.prompts` has no meaning"):
        plan_of(values, captioned)


def test_a_subject_s_folder_that_is_missing_is_told_before_anything_is_trained(
    shrunk: dict[str, Any], fetched: Path
) -> None:
    told = {"kind": "dreambooth", "subject": "my-dog", "token": "sks", "class_word": "dog"}
    values = shrunk | {"conditioning": {"encoder": "minilm"}, "evaluation": {}, "also": []}
    warning = plan_of(values | {"sweep": {}, "finetune": told}, fetched).warning
    assert warning is not None
    assert "my-dog.dvc does not exist" in warning
    assert plan_of(values | {"sweep": {}}, fetched).warning is None
