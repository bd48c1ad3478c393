"""A checkpoint's denoiser: negative prompts, guides, and what is refused."""

from typing import Any

import pytest
import torch
from pydantic import ValidationError
from torch import Tensor

from components.errors import AlphabarError
from components.generation.asked import prompt_words, prompts_of
from components.generation.denoising import build_denoiser, encode_conditions
from components.generation.prompts import Prompts
from components.generation.sampler import Sampler
from components.networks.checkpoint import Checkpoint, new_checkpoint
from components.sampling.network import Evaluations
from components.spec.sections.sampling import SamplingSpec
from tests.model_config import model_config

CLASSES = [f"digit {k}" for k in range(4)]
ASKED = [0, 1, 2]
T = torch.tensor([0.2, 0.5, 0.9], dtype=torch.float64)


def checkpoint(encoder: str = "class", seed: int = 0, **process: Any) -> Checkpoint:
    config = model_config(encoder, classes=CLASSES, widths=(8, 16), **({"steps": 100} | process))
    made = new_checkpoint(config, seed=seed)
    made.network.eval()
    return made


@pytest.fixture(scope="module")
def model() -> Checkpoint:
    return checkpoint()


def x0_of(
    model: Checkpoint,
    guide: Checkpoint | None = None,
    /,
    classes: list[int] = ASKED,
    evaluations: Evaluations | None = None,
    **settings: Any,
) -> Tensor:
    sampling = SamplingSpec(clip=False, **settings)
    prompts = Prompts.of(classes, ["a drawing"] * len(classes))
    with torch.inference_mode():
        sampler = Sampler(model, sampling, guide)
        rows = encode_conditions(sampler, prompts)
        denoise = build_denoiser(sampler, rows, evaluations)
        x = torch.randn(len(classes), *model.image_shape, generator=torch.manual_seed(1))
        return denoise(x, T)[0]


def close(value: Tensor, expected: Tensor) -> None:
    torch.testing.assert_close(value, expected, rtol=1e-4, atol=1e-5)


def test_a_negative_prompt_takes_the_place_of_no_condition(model: Checkpoint) -> None:
    strong = x0_of(model)
    negative = x0_of(model, classes=[3, 3, 3])
    guided = x0_of(model, guidance=2.5, negative_prompt="digit 3")
    close(guided, negative + 2.5 * (strong - negative))
    assert (guided - x0_of(model, guidance=2.5)).abs().max() > 1e-3


def test_a_caption_is_a_negative_prompt_of_a_model_of_captions() -> None:
    model = checkpoint("minilm")
    sampling = SamplingSpec(guidance=2.0, negative_prompt="a red circle")
    prompts = Prompts.of([-1] * 3, ["a blue square"] * 3)
    rows = encode_conditions(Sampler(model, sampling), prompts)
    expected = model.conditioner.encode([-1] * 3, ["a red circle"] * 3)
    for name, tensor in expected.items():
        assert torch.equal(rows.weak[name], tensor)


def test_a_prompt_that_the_encoder_cannot_read_whole_is_cut_and_counted() -> None:
    long, model = "word " * 300, checkpoint("minilm")
    sampler = Sampler(model, SamplingSpec(guidance=2.0, negative_prompt=long))
    rows = encode_conditions(sampler, Prompts.of([-1], ["a blue square"]))
    expected = model.conditioner.encode([-1], [f"{long} and more"])
    assert expected["encoder_hidden_states"].shape[1] == 256
    assert all(torch.equal(rows.weak[name], tensor) for name, tensor in expected.items())
    said = "1 of 2 prompts are cut at 256 tokens, the longest has 302"
    assert prompt_words(sampler, ["a blue square"]) == [said]


@pytest.mark.parametrize("text", ["caf\udce9", "a\x1b[31m heart", "a\0b"])
@pytest.mark.parametrize("encoder", ["class", "minilm"])
def test_a_prompt_that_no_file_can_keep_is_refused(encoder: str, text: str) -> None:
    with pytest.raises(AlphabarError, match=r"the prompt .* holds the character U\+"):
        prompts_of(checkpoint(encoder), [text], 1)
    with pytest.raises(ValidationError, match=r"it holds the character U\+"):
        SamplingSpec(guidance=2.0, negative_prompt=text)


def test_an_empty_prompt_is_said_to_be_no_condition() -> None:
    sampler = Sampler(checkpoint("minilm"), SamplingSpec())
    assert prompt_words(sampler, ["a cat"]) == []
    assert prompt_words(sampler, [""]) == [
        "an empty prompt is no condition: the model is told nothing"
    ]


def test_an_unknown_negative_class_is_refused_with_the_nearest(model: Checkpoint) -> None:
    with pytest.raises(AlphabarError, match="did you mean `digit 3`") as error:
        x0_of(model, guidance=2.0, negative_prompt="digit3")
    assert "`negative_prompt: digit3`: the model has no class" in error.value.what


def test_an_unconditional_model_takes_no_negative_prompt_and_no_second_evaluation() -> None:
    model, evaluations = checkpoint("none"), Evaluations()
    with pytest.raises(AlphabarError, match="unconditional"):
        x0_of(model, guidance=2.0, negative_prompt="digit 3")
    assert torch.equal(x0_of(model, guidance=4.0, evaluations=evaluations), x0_of(model))
    assert evaluations.rows == 3


@pytest.mark.parametrize("encoder", ["class", "none"])
def test_a_guide_is_the_weak_prediction_on_the_same_condition(
    model: Checkpoint, encoder: str
) -> None:
    guide, evaluations = checkpoint(encoder, seed=1), Evaluations()
    strong, weak = x0_of(model), x0_of(guide)
    guided = x0_of(model, guide, guide="weaker", guidance=1.7, evaluations=evaluations)
    close(guided, weak + 1.7 * (strong - weak))
    assert evaluations.rows == 6


def test_a_model_that_is_its_own_guide_is_not_guided(model: Checkpoint) -> None:
    close(x0_of(model, model, guide="weaker", guidance=5.0), x0_of(model))


def test_an_unconditional_model_can_have_a_guide() -> None:
    model, guide = checkpoint("none"), checkpoint("none", seed=1)
    guided = x0_of(model, guide, guide="weaker", guidance=3.0)
    close(guided, x0_of(guide) + 3.0 * (x0_of(model) - x0_of(guide)))


def test_a_guide_and_its_setting_come_together(model: Checkpoint) -> None:
    with pytest.raises(AlphabarError, match="`sampling.guide: weaker` and no guide model"):
        x0_of(model, guide="weaker")
    with pytest.raises(AlphabarError, match="`sampling.guide: unconditional` and a guide model"):
        x0_of(model, checkpoint(seed=1))


def test_a_guide_that_predicts_something_else_is_refused(model: Checkpoint) -> None:
    with pytest.raises(AlphabarError, match="process is not the model's"):
        x0_of(model, checkpoint(prediction="eps"), guide="weaker", guidance=2.0)
    for what, other in (
        ("classes", model_config(classes=CLASSES[::-1], steps=100)),
        ("image shape", model_config(classes=CLASSES, size=16, steps=100)),
    ):
        with pytest.raises(AlphabarError, match=f"{what} is not the model's"):
            x0_of(model, new_checkpoint(other, seed=0), guide="weaker", guidance=2.0)
