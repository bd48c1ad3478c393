"""Encoders of the user's own, held against diffusers' pipelines and transformers."""

from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import (
    CLIPTextModel,
    CLIPTextModelWithProjection,
    CLIPTokenizer,
    T5EncoderModel,
    T5Tokenizer,
)

from components.networks.conditioners import Given, build_conditioner
from components.networks.conditioners.rows import MASK, POOLED, STATES, TIME_IDS, Rows
from components.networks.conditioners.text import TextCondition
from components.spec.sections.network import ConditioningSpec
from tests.tiny_text_encoders import Layout, tiny_clip, tiny_t5

PROMPTS = ["a red heart", "", "Grinning FACE, é 中 ☎️ it's", "the cat and the dog " * 40]


def condition(encoder: str | list[str], **options: Any) -> TextCondition:
    section = ConditioningSpec.model_validate({"encoder": encoder} | options)
    made = build_conditioner(section.model_dump(mode="json"), Given(size=32))
    assert isinstance(made, TextCondition)
    return made


def rows(made: TextCondition) -> Rows:
    return made.encode([-1] * len(PROMPTS), PROMPTS)


def bare(kind: Any, **parts: Any) -> Any:
    """A pipeline with its text encoders only."""
    pipeline = kind.__new__(kind)
    pipeline._internal_dict = {}
    for name in ("tokenizer", "text_encoder", "tokenizer_2", "text_encoder_2", "unet", "vae"):
        setattr(pipeline, name, parts.get(name))
    return pipeline


@pytest.mark.parametrize("layout", ["vocab", "json"])
@pytest.mark.parametrize("pad", ["<|endoftext|>", "!"])
def test_a_clip_s_states_are_those_of_stable_diffusion(
    tmp_path: Path, layout: Layout, pad: str
) -> None:
    from diffusers import StableDiffusionPipeline

    home = tiny_clip(tmp_path, layout=layout, pad=pad)
    pipeline = bare(
        StableDiffusionPipeline,
        tokenizer=CLIPTokenizer.from_pretrained(home),
        text_encoder=CLIPTextModel.from_pretrained(home).eval(),
    )
    with torch.no_grad():
        expected, absent = pipeline.encode_prompt(PROMPTS, "cpu", 1, True)
    made = condition(f"clip:{home}")
    found = rows(made)
    assert found.keys() == {STATES}
    torch.testing.assert_close(found[STATES], expected, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(made.null(4)[STATES], absent, rtol=1e-5, atol=1e-5)


def test_two_clips_are_read_as_by_stable_diffusion_xl(tmp_path: Path) -> None:
    from diffusers import StableDiffusionXLPipeline

    first = tiny_clip(tmp_path / "text_encoder", tokenizer=tmp_path / "tokenizer")
    second = tiny_clip(
        tmp_path / "text_encoder_2",
        tokenizer=tmp_path / "tokenizer_2",
        width=24,
        projection=20,
        pad="!",
        seed=1,
    )
    pipeline = bare(
        StableDiffusionXLPipeline,
        tokenizer=CLIPTokenizer.from_pretrained(tmp_path / "tokenizer"),
        tokenizer_2=CLIPTokenizer.from_pretrained(tmp_path / "tokenizer_2"),
        text_encoder=CLIPTextModel.from_pretrained(first).eval(),
        text_encoder_2=CLIPTextModelWithProjection.from_pretrained(second).eval(),
    )
    pipeline.register_to_config(force_zeros_for_empty_prompt=False)
    with torch.no_grad():
        states, absent, pooled, absent_pooled = pipeline.encode_prompt(PROMPTS, device="cpu")
    made = condition([f"clip:{first}", f"clip:{second}"])
    found, null = rows(made), made.null(4)
    torch.testing.assert_close(found[STATES], states, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(found[POOLED], pooled, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(null[STATES], absent, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(null[POOLED], absent_pooled, rtol=1e-5, atol=1e-5)
    assert found[TIME_IDS].tolist() == [[32, 32, 0, 0, 32, 32]] * 4
    assert found.keys() == {STATES, POOLED, TIME_IDS}
    assert (made.width, made.pooled) == (16 + 24, 20)


@pytest.mark.parametrize("layout", ["vocab", "json"])
def test_a_t5_s_states_stand_with_their_mask(tmp_path: Path, layout: Layout) -> None:
    home = tiny_t5(tmp_path, layout=layout)
    tokens = T5Tokenizer.from_pretrained(home)(
        PROMPTS, padding=True, truncation=True, return_tensors="pt"
    )
    with torch.no_grad():
        expected = T5EncoderModel.from_pretrained(home).eval()(**tokens).last_hidden_state
    mask = tokens["attention_mask"]
    found = rows(condition(f"t5:{home}"))
    assert torch.equal(found[MASK], mask)
    kept = mask.bool()
    torch.testing.assert_close(found[STATES][kept], expected[kept], rtol=1e-5, atol=1e-5)
    assert not found[STATES][~kept].any()
