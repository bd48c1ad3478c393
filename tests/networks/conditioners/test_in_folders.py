"""Encoders of the user's own, held against diffusers' pipelines and transformers."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import (
    CLIPConfig,
    CLIPModel,
    CLIPTextModel,
    CLIPTextModelWithProjection,
    CLIPTokenizer,
    T5EncoderModel,
    T5ForConditionalGeneration,
    T5Tokenizer,
)

from components.data.readers import folders_of
from components.errors import AlphabarError
from components.networks.checkpoint import load_checkpoint, new_checkpoint, save_checkpoint
from components.networks.conditioners import Given, build_conditioner
from components.networks.conditioners.rows import MASK, POOLED, STATES, TIME_IDS, Rows
from components.networks.conditioners.text import TextCondition
from components.spec.sections.network import ConditioningSpec
from tests.model_config import model_config
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


def as_bin(home: Path, extra: dict[str, Any] | None = None) -> None:
    """Weights as they were published before safetensors."""
    weights = load_file(home / "model.safetensors")
    (home / "model.safetensors").unlink()
    torch.save(weights | (extra or {}), home / "pytorch_model.bin")


@pytest.mark.parametrize("layout", ["bin", "shards", "half"])
def test_weights_of_other_layouts_are_the_same(tmp_path: Path, layout: str) -> None:
    whole = condition(f"clip:{tiny_clip(tmp_path / 'whole')}")
    home = tmp_path / layout
    if layout == "half":
        halves = CLIPTextModel.from_pretrained(tmp_path / "whole", dtype=torch.float16)
        tiny_clip(home)
        (home / "model.safetensors").unlink()
        halves.save_pretrained(home, variant="fp16")
    else:
        tiny_clip(home, **({"max_shard_size": "8KB"} if layout == "shards" else {}))
    if layout == "bin":
        as_bin(home)
    near = 1e-2 if layout == "half" else 0.0
    found = rows(condition(f"clip:{home}"))[STATES]
    torch.testing.assert_close(found, rows(whole)[STATES], rtol=0, atol=near)


class Runs:
    """What a pickle runs when it is opened without care."""

    def __reduce__(self) -> tuple[Any, ...]:
        return exec, ("import pathlib; pathlib.Path('ran').touch()",)


def test_a_pickle_that_needs_more_than_weights_is_refused_and_runs_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    as_bin(tiny_clip(tmp_path / "clip"), {"more": Runs()})
    with pytest.raises(AlphabarError, match="bin is a pickle .* it could run any code"):
        rows(condition("clip:clip"))
    assert not Path("ran").exists()


def test_weights_that_are_not_all_there_or_not_finite_are_refused(tmp_path: Path) -> None:
    weights = load_file(tiny_clip(tmp_path / "clip") / "model.safetensors")
    name = next(each for each in weights if each.endswith("fc1.bias"))
    spoilt = {
        "weights lack": {each: weights[each] for each in weights if each != name},
        "not finite": weights | {name: torch.full_like(weights[name], torch.nan)},
        "cannot be read": weights | {name: torch.zeros(3)},
        "more than its config.json asks for: more": weights | {"more": torch.zeros(3)},
        "no numbers of floating point": weights | {name: weights[name].to(torch.int8)},
    }
    for what, tensors in spoilt.items():
        home = tiny_clip(tmp_path / what.replace(" ", "-"))
        save_file(tensors, home / "model.safetensors", {"format": "pt"})
        with pytest.raises(AlphabarError, match=what):
            rows(condition(f"clip:{home}"))


@pytest.mark.parametrize("layers", [2, 0, -1])
@pytest.mark.parametrize(("kind", "key"), [("clip", "num_hidden_layers"), ("t5", "num_layers")])
def test_an_encoder_of_fewer_layers_than_its_weights_is_refused(
    tmp_path: Path, kind: str, key: str, layers: int
) -> None:
    home = {"clip": tiny_clip, "t5": tiny_t5}[kind](tmp_path / kind, layers=3)
    path = home / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {key: layers}))
    with pytest.raises(AlphabarError, match=r"more than its config\.json asks for: "):
        rows(condition(f"{kind}:{home}"))


def test_a_whole_clip_is_read_for_its_text(tmp_path: Path) -> None:
    text = CLIPTextModelWithProjection.from_pretrained(tiny_clip(tmp_path / "a", projection=16))
    expected = rows(condition(f"clip:{tmp_path / 'a'}"))[STATES]
    images = {"hidden_size": 24, "num_hidden_layers": 1, "image_size": 32, "patch_size": 16}
    config = CLIPConfig(text_config=text.config.to_dict(), vision_config=images, projection_dim=16)
    whole = CLIPModel(config)
    whole.text_model.load_state_dict(text.text_model.state_dict())
    home = tiny_clip(tmp_path / "b")
    whole.save_pretrained(home)
    path = home / "model.safetensors"
    places = {"text_model.embeddings.position_ids": torch.arange(77)[None]}
    save_file(load_file(path) | places, path, {"format": "pt"})  # as they were published once
    assert torch.equal(rows(condition(f"clip:{home}"))[STATES], expected)


def test_a_whole_t5_is_read_for_its_encoder(tmp_path: Path) -> None:
    home = tiny_t5(tmp_path)
    expected = rows(condition(f"t5:{home}"))[STATES]
    encoder = T5EncoderModel.from_pretrained(home)
    whole = T5ForConditionalGeneration(encoder.config)
    whole.load_state_dict(encoder.state_dict(), strict=False)
    weights = {name: tensor.clone() for name, tensor in whole.state_dict().items()}
    save_file(weights, home / "model.safetensors", {"format": "pt"})
    assert {"lm_head.weight", "decoder.embed_tokens.weight"} < weights.keys()
    assert torch.equal(rows(condition(f"t5:{home}"))[STATES], expected)


@pytest.mark.parametrize("change", [{"layer_norm_eps": None}, {"num_attention_heads": -1}])
def test_a_configuration_of_no_encoder_is_refused(change: dict[str, Any], tmp_path: Path) -> None:
    path = tiny_clip(tmp_path / "clip") / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(AlphabarError, match="text encoder in .*/clip cannot be read"):
        rows(condition(f"clip:{path.parent}"))


def test_another_file_in_the_same_place_is_another_encoder(tmp_path: Path) -> None:
    name = f"clip:{tiny_clip(tmp_path / 'clip')}"
    one, again = rows(condition(name))[STATES], rows(condition(name))[STATES]
    tiny_clip(tmp_path / "clip", seed=9)
    assert torch.equal(one, again)
    assert not torch.equal(one, rows(condition(name))[STATES])


def test_a_model_refuses_an_encoder_that_it_was_not_trained_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    tiny_clip(tmp_path / "a" / "clip")
    monkeypatch.chdir(tmp_path / "a")
    digests = [folder.digest() for folder in folders_of("clip:clip")]
    config = model_config("clip:clip", classes=(), digests=digests)
    save_checkpoint(tmp_path, config, new_checkpoint(config, 0).network)
    states = load_checkpoint(tmp_path).conditioner.encode([-1], ["a cat"])[STATES]
    monkeypatch.chdir(tmp_path)
    weights = tmp_path / "a"  # the folder of weights takes the place of where it was trained
    again = load_checkpoint(tmp_path, weights=weights).conditioner.encode([-1], ["a cat"])[STATES]
    assert torch.equal(again, states)
    with pytest.raises(AlphabarError, match="there is no text encoder `clip:clip`"):
        load_checkpoint(tmp_path)
    tiny_clip(tmp_path / "clip", seed=5)
    with pytest.raises(AlphabarError, match="`clip:clip` in .*/clip is not the text encoder"):
        load_checkpoint(tmp_path)
