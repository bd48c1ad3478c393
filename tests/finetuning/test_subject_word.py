"""A word that is learnt from a subject's few images (textual inversion)."""

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from pydantic import ValidationError
from safetensors.torch import load_file

from components.errors import AlphabarError
from components.finetuning import FINETUNES
from components.networks.adapters import load_adapted
from components.networks.checkpoint import load_checkpoint
from components.spec.catalogue.inversion import OF_SUBJECTS
from components.spec.plan import TunedModel
from components.spec.sections.finetuning import FinetuneSpec
from components.spec.sections.training import TrainingSpec
from components.training.batches import Batches
from components.training.live_text import WithText
from tests.finetuning.test_dreambooth import SECTION, base, inputs_of, planned, tuned

__all__ = ["base"]  # a fixture

LIKENESS = "likeness_efficientnet_lite0"
WORD = {"kind": "textual_inversion", "token": "<a>", "initial": "number", "vectors": 2, "lr": 1e-1}


def word_of(shrunk: dict[str, Any], **settings: Any) -> TunedModel:
    return planned(shrunk, **WORD, prior_images=100, **settings)  # as it is by default: not set


def test_the_plan_trains_on_the_subject_and_judges_it_as_dreambooth_is_judged(
    shrunk: dict[str, Any],
) -> None:
    plan = word_of(shrunk)
    assert set(plan.finetune.inputs) == {"model", "data", "subject"}
    assert plan.finetune.spec["prompt"] == "a {token} {class_word}"
    assert "subject" not in plan.finetune.spec
    assert plan.subject is not None
    assert plan.subject.subject.tuned.spec["prompts"] == {"text": "a <a> digit"}
    assert plan.subject.subject.of_tuned.spec["reading"] == {
        "token": "<a>",
        "word": "digit",
        "numbered": True,
    }
    assert "base" in plan.subject.kin.tuned.inputs
    assert "reading" not in plan.evaluate.spec, "no caption of the data has the word"


def test_what_is_read_of_a_subject_is_in_no_other_inversions_key(shrunk: dict[str, Any]) -> None:
    without = {"subject": None, "class_word": None}
    plan = word_of(shrunk, **without, template="a {token}")
    assert not OF_SUBJECTS & plan.finetune.spec.keys()
    assert plan.subject is None


def test_the_word_alone_is_learnt_from_the_subjects_images(
    shrunk: dict[str, Any], tmp_path: Path, base: Path, digits: Path
) -> None:
    plan = word_of(shrunk, evaluate_every=2)
    inputs = inputs_of(plan, tmp_path, base, digits)
    model = load_checkpoint(base)
    training = TrainingSpec(batch_size=5, seed=3)
    task = FINETUNES["textual_inversion"](model, plan.finetune.settings, training, inputs)
    data, network = task.data(inputs), task.network
    assert isinstance(network, WithText)
    step, stored, rows = next(iter(Batches(data, batch_size=5, first=0, last=1, seed=3)))
    images = np.load(inputs["subject"] / "images.npy").transpose(0, 3, 1, 2)
    shown = {tuple(stored[k].flatten().tolist()) for k in range(5)}
    assert shown == {tuple(image.flatten().tolist()) for image in images}
    with torch.no_grad():
        for weights in network.denoiser.parameters():
            weights.add_(0.05 * torch.randn(weights.shape, generator=torch.Generator()))
        x, times = data.encode(step, stored), torch.full((5,), 0.5)
        said = network(x, times, **rows)
        told = model.conditioner.encode([-1] * 5, ["a number number digit"] * 5)
        same = network.denoiser(x, times, **told)
    torch.testing.assert_close(said, same, rtol=1e-4, atol=1e-5)

    out = tuned(plan, inputs, tmp_path / "out")
    learnt = load_file(out / "adapter.safetensors")["<a>"]
    assert learnt.shape == (2, 384)
    assert not torch.equal(learnt[0], learnt[1]), "the vectors are one"
    knows = load_adapted(out, base)
    prompts = ["a <a> digit", "a number number digit", "a digit"]
    states = knows.conditioner.encode([-1] * 3, prompts)["encoder_hidden_states"]
    before = model.conditioner.encode([-1] * 3, prompts)["encoder_hidden_states"]
    assert not torch.allclose(states[0], states[1], atol=1e-3)
    torch.testing.assert_close(states[2], before[2][: states.shape[1]])
    with (out / "evaluations.csv").open() as file:
        rows_of = [row for row in csv.DictReader(file) if row["metric"] == LIKENESS]
    assert [int(row["step"]) for row in rows_of] == [2, 4]
    assert len({row["value"] for row in rows_of}) == 2, "the same was drawn twice"


@pytest.mark.parametrize("kind", [WORD, {"prior_weight": 0.0}])
def test_a_prompt_whose_word_is_not_read_is_refused(
    shrunk: dict[str, Any], tmp_path: Path, base: Path, digits: Path, kind: dict[str, Any]
) -> None:
    prompt = "a " * 300 + "{token} {class_word}"
    plan = planned(shrunk, **kind, prior_images=100, prompt=prompt)
    inputs = inputs_of(plan, tmp_path, base, digits)
    with pytest.raises(AlphabarError, match="`finetune.prompt`: `a a .*, and 256 are read") as said:
        tuned(plan, inputs, tmp_path / "out")
    assert "in `finetune.prompt`" in said.value.remedy


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ({"subject": None}, "`class_word` has no meaning without a `subject`"),
        ({"class_word": None}, "`kind: textual_inversion` needs a `class_word`"),
        ({"template": "a {token}"}, "`template` has no meaning with a `subject`"),
        ({"prompt": "a {class_word}"}, "lacks `{token}`"),
        ({"style": "bold"}, "`style` has no meaning with kind"),
        ({"prior_weight": 0.5}, "`prior_weight` has no meaning with kind"),
    ],
)
def test_settings_that_do_not_fit_are_refused(section: dict[str, Any], message: str) -> None:
    given = {name: value for name, value in SECTION.items() if name != "prior_images"}
    with pytest.raises(ValidationError, match=message):
        FinetuneSpec.model_validate(given | WORD | section)


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"token": "{class_word}"}, "has a brace"),
        ({"class_word": "{token}"}, "has a brace"),
        ({"class_word": " digit"}, "is no word"),
        ({"class_word": "digit\n"}, "is no word"),
        ({"token": "digit"}, "is a word of `class_word"),
        ({"class_word": "SKS digit", "token": "sks"}, "is a word of `class_word"),
        ({"prompt": "sks {token} {class_word}", "token": "sks"}, "or of `prompt`"),
        (
            {"prompt": "a {token} {clas_word} {class_word}"},
            "`{clas_word}`, which",
        ),
        ({"prompt": "a {token} {class_word}\n"}, "one line"),
        ({"subject_prompts": ["{token} {x}"]}, "`{x}`, which stands for nothing"),
        (
            {"subject_prompts": ["{token}", "a {token}", "the {token}"], "subject_samples": 2},
            "3 `sub",
        ),
    ],
)
def test_words_that_could_not_be_told_apart_are_refused(
    settings: dict[str, Any], told: str
) -> None:
    with pytest.raises(ValidationError) as error:
        FinetuneSpec(**{**SECTION, **settings})
    assert told in str(error.value)


def test_a_template_has_no_other_placeholders() -> None:
    with pytest.raises(ValidationError, match="`{capton}`, which stands for nothing"):
        FinetuneSpec(
            kind="textual_inversion", token="<a>", initial="a", template="{token}, {capton}"
        )
