"""A word is learnt by its vectors alone, kept alone, and drawn with."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from pydantic import ValidationError
from safetensors.torch import load_file
from torch import Tensor

from components.data.captions import write_captions
from components.errors import AlphabarError
from components.finetuning import FINETUNES
from components.finetuning.finetune import finetune
from components.generation.sample import sample
from components.networks.adapters import load_adapted
from components.networks.checkpoint import Checkpoint, load_checkpoint
from components.runtime import Runtime
from components.spec.catalogue.inversion import InversionSettings
from components.spec.loading import parse_experiment
from components.spec.plan import plan_baselines, plan_finetune
from components.spec.sections.finetuning import FinetuneSpec
from components.spec.sections.sampling import SamplingSpec
from components.spec.sections.training import TrainingSpec
from components.training.fit import fit
from tests.finetuning.test_text_encoders import told_by
from tests.tiny_text_encoders import tiny_clip, tiny_t5

TOKEN = "<my-cat>"
WORD = {"token": TOKEN, "initial": "cat", "template": "{caption} of {token}"}


@pytest.fixture(params=["clip", "two clips", "t5", "minilm"])
def base(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A model of digits that is told captions by an encoder of each family, or by two CLIPs."""
    if request.param == "t5":
        encoder = f"t5:{tiny_t5(tmp_path / 't5')}"
    elif request.param == "minilm":
        encoder = "minilm"
    else:
        encoder = f"clip:{tiny_clip(tmp_path / 'clip')}"
    if request.param == "two clips":
        second = tiny_clip(tmp_path / "other", width=24, projection=24, pad="!", seed=1)
        encoder = f"{encoder} + clip:{second}"
    return told_by(encoder, tmp_path / "base")


def asked(**section: Any) -> dict[str, Any]:
    """What the stage is told."""
    usual = {"steps": 4, "batch_size": 8, "lr": 1e-1, "warmup_steps": 0, "ema": 0}
    given = {"kind": "textual_inversion", "style": "bold"} | usual | WORD | section
    spec = FinetuneSpec.model_validate(given)
    settings = InversionSettings.model_validate(spec.settings).model_dump(mode="json")
    training = spec.training(TrainingSpec(evaluate_steps=2, evaluate_samples=20))
    return {"kind": spec.kind, "training": training.model_dump(mode="json")} | settings


def taught(base: Path, data: Path, **section: Any) -> Path:
    out = base.parent / "taught"
    out.mkdir()
    finetune(asked(**section), {"model": base, "data": data}, out, Runtime(accelerator="cpu"))
    return out


def tables(model: Checkpoint) -> list[Tensor]:
    """The embeddings of its text encoders."""
    parts = model.conditioner.encoder.parts  # type: ignore[attr-defined]
    return [part.loaded().get_input_embeddings().weight.detach().clone() for part in parts]


@pytest.mark.parametrize("vectors", [1, 3])
def test_the_vectors_alone_are_trained_and_kept_and_drawn_with(
    base: Path, digits: Path, tmp_path: Path, vectors: int
) -> None:
    out = taught(base, digits, vectors=vectors, evaluate_every=2)
    before, after = load_checkpoint(base), load_adapted(out, base)
    stored = load_file(out / "adapter.safetensors")
    assert set(stored) == ({TOKEN} if len(tables(before)) == 1 else {"clip_l", "clip_g"})
    cat = before.conditioner.readers[0].ids_of_word("cat")[0]
    vectors_of = [stored[name] for name in sorted(stored, reverse=True)]  # clip_l is the first
    readers, rows = after.conditioner.readers, zip(tables(before), tables(after), strict=True)
    for reader, (old, new), learnt in zip(readers, rows, vectors_of, strict=True):
        first = reader.tokenizer.token_to_id(TOKEN)  # some have spare rows behind those of words
        own = torch.arange(len(new)).ge(first) & torch.arange(len(new)).lt(first + vectors)
        assert torch.equal(new[: len(old)][~own[: len(old)]], old[~own[: len(old)]]), "another row"
        assert torch.equal(new[own], learnt)
        assert len(new) == max(len(old), first + vectors)
        assert learnt.shape == (vectors, old.shape[1])
        assert (learnt != old[cat]).any(dim=1).all(), "a vector has not moved"
    kept = after.network.state_dict()
    assert all(torch.equal(kept[n], w) for n, w in before.network.state_dict().items())
    figures = json.loads((out / "metrics.json").read_text())
    assert figures["trained_parameters"] == sum(tensor.numel() for tensor in stored.values())
    told = after.conditioner.encode([-1] * 2, [f"a {TOKEN}", "a cat"])["encoder_hidden_states"]
    assert not torch.allclose(told[0], told[1], atol=1e-3)


def test_the_data_s_captions_are_drawn_in_their_template_and_judged_without(
    base: Path, digits: Path, tmp_path: Path
) -> None:
    out = taught(base, digits)
    settings = {"sampling": SamplingSpec(steps=2).model_dump(mode="json"), "samples": 4}
    drawn = []
    for name, inputs in (("new", {"model": out, "base": base}), ("old", {"model": base})):
        (tmp_path / name).mkdir()
        sample(settings, {**inputs, "data": digits}, tmp_path / name, Runtime(accelerator="cpu"))
        drawn.append(np.load(tmp_path / name / "images.npy"))
    assert (drawn[0] != drawn[1]).any()
    texts = [(tmp_path / name / "samples.csv").read_text() for name in ("new", "old")]
    assert texts[0] == texts[1]


def test_while_it_trains_no_other_weight_of_the_network_moves(base: Path, digits: Path) -> None:
    spec, model = asked(vectors=2), load_checkpoint(base)
    training = TrainingSpec.model_validate(spec["training"])
    inputs = {"model": base, "data": digits}
    task = FINETUNES["textual_inversion"](model, spec, training, inputs)
    before = {name: weight.clone() for name, weight in task.network.state_dict().items()}
    out = base.parent / "out"
    out.mkdir()
    fit(task, training, {"data": digits}, out, Runtime(accelerator="cpu"))
    moved = {n for n, w in task.network.state_dict().items() if not torch.equal(w, before[n])}
    assert moved
    assert all(name.endswith(".vectors") for name in moved)


def with_captions(data: Path, folder: Path, captions: list[str], images: int = 0) -> Path:
    """The prepared data with these captions in turn.

    Args:
        images: of the training split; all of them unless it is said.
    """
    shutil.copytree(data, folder)
    (folder / "manifest.json").unlink(missing_ok=True)
    several = {}
    for split in ("train", "holdout"):
        count = len(np.load(folder / f"{split}-caption-offsets.npy")) - 1
        several[split] = [[captions[k % len(captions)]] for k in range(images or count)]
    write_captions(folder, several)
    return folder


def refused(base: Path, data: Path, message: str, **section: Any) -> None:
    with pytest.raises(AlphabarError, match=message):
        taught(base, data, **section)
    left = {path.name for path in (base.parent / "taught").iterdir()}
    assert left <= {"licences.json"}


def test_captions_without_the_word_are_counted(base: Path, digits: Path, tmp_path: Path) -> None:
    some = [f"a {TOKEN}", "a dog", "red heart", f"the {TOKEN} of heart"]
    data = with_captions(digits, tmp_path / "data", some)
    lacking = r"2 of 4 captions that are trained on lack `finetune\.token: <my-cat>`"
    refused(base, data, lacking, template=None)


def test_captions_that_have_the_word_need_no_template(
    base: Path, digits: Path, tmp_path: Path
) -> None:
    data = with_captions(digits, tmp_path / "data", [f"a {TOKEN}", f"the {TOKEN} of heart"])
    assert (taught(base, data, template=None) / "adapter.safetensors").is_file()


def test_one_image_is_refused(base: Path, digits: Path, tmp_path: Path) -> None:
    data = with_captions(digits, tmp_path / "data", [f"a {TOKEN}"], images=1)
    spec, model = asked(), load_checkpoint(base)
    training = TrainingSpec.model_validate(spec["training"])
    with pytest.raises(AlphabarError, match="learnt from 2 images at least, and there is 1"):
        FINETUNES["textual_inversion"](model, spec, training, {"model": base, "data": data})


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ({"token": "cat"}, "knows `cat` already"),
        ({"initial": "grinning-cat"}, "`finetune.initial: grinning-cat` is . tokens of"),
    ],
)
def test_words_that_cannot_be_are_refused(
    base: Path, digits: Path, section: dict[str, str], message: str
) -> None:
    refused(base, digits, message, **section)


def test_a_word_that_is_called_as_a_piece_is_refused(base: Path, digits: Path) -> None:
    tokenizer = load_checkpoint(base).conditioner.readers[0].tokenizer
    pieces = {"heart</w>", "\u2581heart", "##s"}  # of CLIP, T5 and BERT
    (own,) = (piece for piece in pieces if tokenizer.token_to_id(piece) is not None)
    refused(base, digits, f"knows `{own}` already", token=own)


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ({"token": None}, "needs a `token` and an `initial` word"),
        ({"initial": None}, "needs a `token` and an `initial` word"),
        ({"token": "my cat"}, "should match pattern"),
        ({"token": "<My-Cat>"}, "has capital letters"),
        ({"template": "a photo"}, "lacks the word"),
        ({"vectors": 65}, "less than or equal to 64"),
        ({"sampling": [{"adapter_scale": 0.5}]}, "`adapter_scale` has no meaning"),
        ({"kind": "lora"}, "has no meaning with kind `lora`"),
    ],
)
def test_settings_that_do_not_fit_are_refused(section: dict[str, Any], message: str) -> None:
    given = {"kind": "textual_inversion", "style": "bold"} | WORD | section
    with pytest.raises(ValidationError, match=message):
        FinetuneSpec.model_validate(given)


def test_the_plan_stores_no_text_states_for_it_and_refuses_other_encoders(
    shrunk: dict[str, Any],
) -> None:
    section = {"kind": "textual_inversion", "style": "bold"} | WORD
    values = shrunk | {"finetune": section, "sweep": {}, "evaluation": {"samples": 20}}
    values["conditioning"] = {"encoder": "clip:some/folder"}
    given = parse_experiment(values, "test")
    plan = plan_baselines(given, lambda _: "f2", encoders=lambda encoder: ["digest"])
    node = plan_finetune(plan, plan.cells[0]).chosen.finetune
    assert "text" not in node.inputs
    assert node.spec["token"] == TOKEN
    values["conditioning"] = {"encoder": "class"}
    with pytest.raises(AlphabarError, match=r"conditioning\.encoder: class is none that can be"):
        parse_experiment(values, "test")


def test_the_word_as_it_was_after_an_earlier_step_is_kept(
    base: Path, digits: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    inputs = {"model": base, "data": digits}
    finetune(asked() | {"checkpoints": [2]}, inputs, out, Runtime(accelerator="cpu"))
    early, last = out / "checkpoints" / "step_000002", out
    words = [tables(load_adapted(folder, base)) for folder in (early, last)]
    readers = load_adapted(out, base).conditioner.readers
    for reader, one, other in zip(readers, *words, strict=True):
        moved = (one != other).any(dim=1).nonzero().flatten().tolist()
        assert moved == [reader.tokenizer.token_to_id(TOKEN)]
