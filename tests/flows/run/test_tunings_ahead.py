"""What a fine-tune cannot do with its model or its data is refused when the plan is made."""

from pathlib import Path
from typing import Any

import pytest

from components.data.decided import decided_digest
from components.errors import AlphabarError
from components.spec.loading import parse_experiment
from components.spec.plan import Plan, plan_finetune
from flows.run.outside import plan_here
from flows.run.planning import describe_plan
from flows.workspace import Workspace
from tests.finetuning.test_dpo import six
from tests.finetuning.test_finetune import baseline
from tests.flows.pinned import write_pictures
from tests.tiny_pipelines import write_flux, write_sd1, write_sdxl

DATA = {"source": "folder", "name": "mine", "size": 16, "holdout": 0.5}
LORA: dict[str, Any] = {"base": "sd1", "kind": "lora"}
WORD: dict[str, Any] = {
    "base": "sd1",
    "kind": "textual_inversion",
    "token": "<zwx>",
    "initial": "red",
    "template": "{caption} of {token}",
}
SUBJECT: dict[str, Any] = {
    "base": "sd1",
    "kind": "dreambooth",
    "token": "zwx",
    "class_word": "cat",
    "subject": [f"picture {k}" for k in range(3)],
}


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory, fetched: Path) -> Path:
    """A project with captioned images, digits, directories of others and a model of ours."""
    root = tmp_path_factory.mktemp("ahead")
    (root / "data").symlink_to(fetched / "data")
    (root / "data.dvc").write_bytes((fetched / "data.dvc").read_bytes())
    write_pictures(root / "datasets" / "mine")
    with_captions(root, "split", [f"picture {k} <zwx>" for k in range(30)], 30)
    for name, write in {"sd1": write_sd1, "sdxl": write_sdxl, "flux": write_flux}.items():
        write(root / name)
    baseline(root / "model")
    return root


def with_captions(root: Path, name: str, captions: list[str], held_out: int) -> None:
    """The images with ``captions``, and ``held_out`` of them of a caption that lacks the word."""
    told = [*((each, "train") for each in captions), *[("a picture", "test")] * held_out]
    rows = [{"caption": caption, "split": split} for caption, split in told]
    write_pictures(root / "datasets" / name, rows)


def planned(place: Workspace, finetune: dict[str, Any], **sections: Any) -> Plan:
    values = {"name": "ahead", "data": DATA, "finetune": finetune, "runner": {"threads": 1}}
    return plan_here(parse_experiment(values | sections, "the test"), place)


@pytest.mark.parametrize(
    "finetune",
    [
        LORA,
        LORA | {"rank": 8, "targets": ["to_q", "ff.net.2"]},
        LORA | {"text_encoder": True},
        LORA | {"base": "sdxl", "text_encoder": True, "targets": ["q_proj", "to_k"]},
        LORA | {"base": "flux"},
        WORD,
        WORD | {"vectors": 3, "base": "sdxl"},
        SUBJECT,
        SUBJECT | {"weights": "lora"},
        SUBJECT | {"rank": 4},
    ],
)
def test_what_can_be_is_planned(place: Workspace, finetune: dict[str, Any]) -> None:
    assert planned(place, finetune).cells


@pytest.mark.parametrize(
    ("finetune", "message"),
    [
        (LORA | {"rank": 9}, r"`finetune.rank: 9` is above the width of unet\..*, which is 8"),
        (LORA | {"targets": {"to_q": {"rank": 9}}}, r"`finetune.rank: 9` is above the width"),
        (LORA | {"targets": ["norm1"]}, "`finetune.targets: norm1` names no layer"),
        (LORA | {"targets": ["q_proj"]}, "`finetune.targets: q_proj` names no layer"),
        (
            LORA | {"text_encoder": True, "targets": ["to_q"]},
            "`finetune.text_encoder: true`, and `finetune.targets` names no layer of text_encoder",
        ),
        (
            LORA | {"base": "flux", "text_encoder": True},
            "is none that can be told new words, nor trained",
        ),
        (SUBJECT | {"weights": "lora", "rank": 9}, "`finetune.rank: 9` is above the width"),
        (WORD | {"token": "red"}, "`finetune.token: red`: the tokenizer of .* knows `red`"),
        (WORD | {"initial": "redred"}, "`finetune.initial: redred` is 3 tokens of"),
        (WORD | {"base": "flux"}, "is none that can be told new words, nor trained"),
        (WORD | {"template": None}, "60 of 60 captions of the data lack `finetune.token: <zwx>`"),
        (WORD | {"images": 1}, "learnt from 2 images at least, and there is 1"),
        (SUBJECT | {"subject": ["nobody"]}, "no image of the data has the caption 'nobody'"),
        (SUBJECT | {"subject": ["picture 1"]}, "there is 1 image with the captions of"),
        (SUBJECT | {"subject": "mine"}, "there are more than 30 images in datasets/mine"),
        (SUBJECT | {"subject": []}, r"the test: `finetune.subject: \[\]` is wrong: .*1 item"),
        (LORA | {"base": "gone@champion"}, "`finetune.base: gone@champion`: MLflow has no model"),
        (LORA | {"sampling": [{"ema_length": 0.1}]}, "`ema_length` has no meaning with kind `lora"),
        (
            {"base": "sd1", "sampling": [{"ema_length": 0.1}]},
            "`finetune.sampling.ema_length` needs `training.ema_snapshots`",
        ),
    ],
)
def test_what_cannot_be_is_refused_before_anything_runs(
    place: Workspace, finetune: dict[str, Any], message: str
) -> None:
    with pytest.raises(AlphabarError, match=message):
        planned(place, finetune)
    assert not place.store_root.exists()
    assert not (place.root / "mlruns").exists()


def test_a_study_of_preferences_is_looked_at_before_anything_runs(place: Workspace) -> None:
    digits = {"source": "digits", "style": "bold", "size": 8}

    def ours(name: str, **sections: Any) -> Plan:
        section = {"base": "model", "kind": "dpo", "preferences": name}
        return planned(place, section, data=digits, **sections)

    with pytest.raises(AlphabarError, match="there is no study reports/studies/cats") as caught:
        ours("cats")
    assert "a study whose answers are analysed" in caught.value.remedy
    study = place.root / "reports" / "studies" / "cats"
    study.mkdir(parents=True)
    with pytest.raises(AlphabarError, match="has no decided pairs") as caught:
        ours("cats")
    assert "alphabar study analyze cats" in caught.value.remedy
    decided = six(study / "analysis" / "decided")
    plan = ours("cats")
    tuned = plan_finetune(plan, plan.cells[0]).chosen
    assert tuned.finetune.spec["preferences"] == {"sha256": decided_digest(decided)}
    assert place.outside_inputs(tuned.finetune) == {"preferences": decided}
    (decided / "decided.csv").write_text("pair\n1\n")
    with pytest.raises(AlphabarError, match="has no column 'winner_image'"):
        ours("cats")
    with pytest.raises(AlphabarError, match="there is no `study.simulate`"):
        ours("drawn")
    assert ours("drawn", study={"simulate": {"taste": "brightness"}}).cells


def test_a_cell_of_a_sweep_is_looked_at_as_the_file_s_own(place: Workspace) -> None:
    with pytest.raises(AlphabarError, match="`finetune.rank: 9` is above the width"):
        planned(place, LORA, sweep={"finetune.rank": [4, 9]})
    with pytest.raises(AlphabarError, match="`finetune.limits` cannot be swept: it holds for all"):
        planned(place, LORA, sweep={"finetune.limits": [1]})


OF_A_SUBJECT: dict[str, Any] = {
    **{key: value for key, value in SUBJECT.items() if key not in ("kind", "token")},
    **{"kind": "textual_inversion", "token": "<zwx>", "initial": "red"},
}
LONG = " ".join(["red"] * 80)
AHEAD = f"{LONG} {{token}} {{class_word}}"
"""A prompt whose token lies behind the 77 that a CLIP reads."""


@pytest.mark.parametrize("kind", [OF_A_SUBJECT, SUBJECT, SUBJECT | {"base": "sdxl"}])
def test_a_subjects_prompt_whose_word_is_not_read_is_named(
    place: Workspace, kind: dict[str, Any]
) -> None:
    read = ["a {token} {class_word}", f"a {{token}} {{class_word}} {LONG}"]
    assert planned(place, kind | {"subject_prompts": read, "prompt": read[1]}).cells
    for field, value in (("prompt", AHEAD), ("subject_prompts", [*read, AHEAD])):
        with pytest.raises(AlphabarError) as caught:
            planned(place, kind | {field: value})
        assert caught.value.what.startswith(f"`finetune.{field}`: `red red red")
        word = kind["token"]
        assert f"tokens as far as `finetune.token: {word}`, and 77 are read" in caught.value.what
        assert f"in `finetune.{field}`" in caught.value.remedy
        assert "template" not in caught.value.remedy


def test_what_a_subject_is_shown_with_is_cut_where_captions_are_and_what_is_drawn_is_not(
    place: Workspace,
) -> None:
    said = {"conditioning": {"max_tokens": 8}}
    late = f"{' '.join(['red'] * 8)} {{token}} {{class_word}}"
    for kind in (OF_A_SUBJECT, SUBJECT | {"weights": "lora", "rank": 2, "text_encoder": True}):
        with pytest.raises(AlphabarError, match="`finetune.prompt`: .* and 8 are read"):
            planned(place, kind | {"prompt": late}, **said)
        assert planned(place, kind | {"subject_prompts": [late]}, **said).cells
    assert planned(place, SUBJECT | {"prompt": late}, **said).cells


STRICT = {"limits": {"drift_at_most": 0.1}}


def test_a_limit_on_drift_that_cannot_bind_is_said_in_the_plan(place: Workspace) -> None:
    def notes(finetune: dict[str, Any], **sections: Any) -> list[str]:
        values = {"name": "ahead", "data": DATA, "finetune": finetune} | sections
        experiment = parse_experiment(values | {"runner": {"threads": 1}}, "the test")
        found = describe_plan(experiment, place).notes
        return [note for note in found if note.startswith("finetune.limits")]

    cell = {f"finetune.{name}": OF_A_SUBJECT[name] for name in ("kind", "token", "initial")}
    (alone,) = notes(OF_A_SUBJECT | STRICT)
    assert "its drift is 0 by nature, so that no `drift_at_most` above 0 rules it out." in alone
    assert notes(SUBJECT | STRICT, cells=[{"finetune.lr": 1e-3}, cell]) == [alone]
    assert notes(OF_A_SUBJECT) == notes(SUBJECT | STRICT) == notes(WORD | STRICT) == []


def test_captions_of_a_split_are_those_that_are_trained_on(place: Workspace) -> None:
    own = DATA | {"name": "split"}
    assert planned(place, WORD | {"template": None}, data=own).cells
    with_captions(place.root, "lacking", ["picture <zwx>", "a picture"], 58)
    with pytest.raises(AlphabarError, match="1 of 2 captions that are trained on lack"):
        planned(place, WORD | {"template": None}, data=own | {"name": "lacking"})


def test_a_model_of_ours_is_looked_at_too_and_one_that_is_not_trained_by_its_channels(
    place: Workspace,
) -> None:
    digits = {"source": "digits", "style": "bold", "size": 8}

    def ours(**own: Any) -> Plan:
        return planned(place, LORA | {"base": "model"} | own, data=digits)

    assert ours(rank=16).cells
    with pytest.raises(AlphabarError, match="`finetune.rank: 17` is above the width of"):
        ours(rank=17)
    with pytest.raises(AlphabarError, match="`finetune.targets: to_w` names no layer"):
        ours(targets=["to_w"])
    new = {"data": {"source": "digits", "size": 8}, "conditioning": {"encoder": "class"}}
    new["network"] = {"channels": [8, 16]}
    bold = {"kind": "lora", "style": "bold"}
    assert planned(place, bold | {"rank": 16}, **new).cells
    with pytest.raises(AlphabarError, match="above the width of the widest attention"):
        planned(place, bold | {"rank": 17}, **new)
