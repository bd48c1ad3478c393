"""Files of new words against diffusers' own loader and pipelines."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from components.errors import AlphabarError
from components.generation.asked import prompt_words
from components.generation.sampler import load_sampler
from components.networks.adapters import Adapter, Worn, save_adapter
from components.networks.adapters.embedding_file import Embedding
from components.networks.checkpoint import load_checkpoint
from components.networks.export.folder import save_diffusers
from components.spec.model_folder import own_sampling
from components.spec.sections.sampling import SamplingSpec
from tests.decibels import decibels
from tests.drawn_alike import by_diffusers, by_us
from tests.networks.test_pipeline import theirs as diffusers_pipeline
from tests.tiny_pipelines import write_sd1, write_sd2, write_sdxl

TOKEN = "<my-cat>"
HOW: dict[str, Any] = {"steps": 8, "guidance": 20.0}
PROMPTS = [f"a red {TOKEN}", f"{TOKEN} and a blue {TOKEN} heart"]
WIDTHS = {"sd1": (16,), "sd2": (16,), "sdxl": (16, 24)}
WRITERS = {"sd1": write_sd1, "sd2": write_sd2, "sdxl": write_sdxl}


def drawn(kind: str, count: int = 2) -> tuple[Tensor, ...]:
    random = torch.Generator().manual_seed(0)
    return tuple(torch.randn(count, width, generator=random) for width in WIDTHS[kind])


def pipeline_of(kind: str, folder: Path) -> Path:
    """A pipeline that hears what it is told: random weights hardly do."""
    WRITERS[kind](folder / kind)
    file = folder / kind / "unet" / "diffusion_pytorch_model.safetensors"
    weights = load_file(file)
    for name in weights:
        if "attn2.to_out" in name:
            weights[name] *= 100
    save_file(weights, file, {"format": "pt"})
    return folder / kind


@pytest.fixture(params=WRITERS)
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return pipeline_of(request.param, tmp_path)


def ours(folder: Path, *adapters: Path, prompts: list[str] = PROMPTS) -> Tensor:
    """Images in [−1, 1]."""
    return by_us(folder, prompts, **HOW, adapters=[(file, 1.0) for file in adapters])


def theirs(pipeline: Any, prompts: list[str] = PROMPTS) -> Tensor:
    return by_diffusers(pipeline, prompts, **HOW)


def taught(folder: Path, file: Path) -> Any:
    """diffusers' pipeline with the word in ``file``, of each encoder its vectors."""
    pipeline = diffusers_pipeline(folder)
    if folder.name != "sdxl":
        pipeline.load_textual_inversion(file.parent, weight_name=file.name)
        return pipeline
    stored = load_file(file)
    for key, end in (("clip_l", ""), ("clip_g", "_2")):
        pipeline.load_textual_inversion(
            {TOKEN: stored[key]},
            text_encoder=getattr(pipeline, f"text_encoder{end}"),
            tokenizer=getattr(pipeline, f"tokenizer{end}"),
        )
    return pipeline


def the_same(found: Tensor, plain: Tensor, expected: Tensor) -> None:
    """``found`` is ``expected`` but for its 8 bits, and ``plain``, without the word, is not."""
    assert decibels(found, expected) > 55
    assert decibels(plain, expected) < 48


@pytest.mark.parametrize("count", [1, 3])
def test_images_with_a_file_of_ours_are_those_of_diffusers(
    folder: Path, tmp_path: Path, count: int
) -> None:
    word, file = Embedding(TOKEN, drawn(folder.name, count)), tmp_path / "adapter.safetensors"
    save_file(word.tensors(), file, word.entries())
    expected = theirs(taught(folder, file))
    plain = ours(folder, prompts=[text.replace(TOKEN, "cat") for text in PROMPTS])
    the_same(ours(folder, file), plain, expected)


def test_a_fine_tune_s_adapter_is_read_by_diffusers_as_it_is(tmp_path: Path) -> None:
    folder = pipeline_of("sd1", tmp_path)
    model = load_checkpoint(folder)
    word = Embedding(TOKEN, drawn("sd1"), "{caption} of " + TOKEN)
    adapter = Adapter("embedding", "a digest")
    save_adapter(tmp_path, model, adapter, word.tensors(), word.entries())
    pipeline = diffusers_pipeline(folder)
    pipeline.load_textual_inversion(tmp_path, weight_name="adapter.safetensors")
    rows = pipeline.text_encoder.get_input_embeddings().weight
    ids = pipeline.tokenizer.convert_tokens_to_ids(word.tokens)
    assert torch.equal(rows[ids].detach(), word.vectors[0])


def foreign(kind: str, folder: Path) -> tuple[Path, str]:
    """A file as another tool writes it, and the word that it is for."""
    (vectors,) = drawn("sd1")
    named: Mapping[str, Any] = {
        "learned_embeds.safetensors": {TOKEN: vectors},
        "one.safetensors": {TOKEN: vectors[0]},
        "kohya-word.safetensors": {"emb_params": vectors},
        "learned_embeds.bin": {TOKEN: vectors[0]},
        "a1111.pt": {
            "string_to_token": {"*": 265},
            "string_to_param": {"*": vectors.clone().requires_grad_()},
            "name": "a1111-word",
            "step": 499,
            "sd_checkpoint": None,
            "sd_checkpoint_name": None,
        },
    }
    held, file = named[kind], folder / kind
    write(held, file)
    words = {"kohya-word.safetensors": "kohya-word", "a1111.pt": "a1111-word"}
    return file, words.get(kind, TOKEN)


def write(held: Any, file: Path) -> None:
    if file.suffix == ".safetensors":
        save_file(held, file)
    else:
        torch.save(held, file)


@pytest.mark.parametrize(
    "kind",
    [
        "learned_embeds.safetensors",
        "one.safetensors",
        "kohya-word.safetensors",
        "learned_embeds.bin",
        "a1111.pt",
    ],
)
def test_images_with_files_of_other_tools_are_those_of_diffusers(tmp_path: Path, kind: str) -> None:
    folder = pipeline_of("sd1", tmp_path)
    file, word = foreign(kind, tmp_path)
    pipeline, prompts = diffusers_pipeline(folder), [f"a red {word}", f"{word} of the moon"]
    pipeline.load_textual_inversion(tmp_path, weight_name=file.name, token=word)
    expected = theirs(pipeline, prompts)
    plain = ours(folder, prompts=[text.replace(word, "cat") for text in prompts])
    the_same(ours(folder, file, prompts=prompts), plain, expected)


def test_a_folder_of_diffusers_and_two_words_at_once(tmp_path: Path) -> None:
    folder, home = pipeline_of("sd1", tmp_path), tmp_path / "cat"
    home.mkdir()
    foreign("learned_embeds.safetensors", home)
    second, word = foreign("a1111.pt", tmp_path)
    prompts = [f"a {TOKEN} with {word}", word]
    pipeline = diffusers_pipeline(folder)
    pipeline.load_textual_inversion(home, weight_name="learned_embeds.safetensors")
    pipeline.load_textual_inversion(tmp_path, weight_name=second.name)
    assert decibels(ours(folder, home, second, prompts=prompts), theirs(pipeline, prompts)) > 50


class Evil:
    def __reduce__(self) -> Any:
        return print, ("run",)


REFUSED: list[tuple[str, Any, str]] = [
    ("wide.safetensors", {TOKEN: torch.zeros(2, 24)}, r"widths \[24\], and .* \[16\]"),
    ("two.safetensors", {"clip_l": torch.zeros(2, 16), "clip_g": torch.zeros(2, 24)}, "widths"),
    ("cat.safetensors", {"emb_params": torch.zeros(1, 16)}, "knows `cat` already"),
    ("my cat.safetensors", {"emb_params": torch.zeros(1, 16)}, "its word .* is none"),
    ("many.safetensors", {TOKEN: torch.zeros(65, 16)}, "at most 64"),
    ("nan.safetensors", {TOKEN: torch.full((1, 16), torch.nan)}, "not finite"),
    ("huge.safetensors", {TOKEN: torch.full((1, 16), 1e30)}, "not finite, or beyond 1e"),
    ("evil.pt", {"string_to_param": {"*": Evil()}}, "needs more than `weights_only`"),
    ("list.pt", [torch.zeros(16)], "holds no embedding of a word"),
    ("empty.pt", {"string_to_param": {"*": 3}}, "holds no embedding of a word"),
    ("lora.pt", {"unet.attn1.to_q.lora_A.weight": torch.ones(2, 2)}, "is a LoRA as a pickle"),
    ("large.pt", {TOKEN: torch.zeros(2**22 + 1)}, "bytes, and an embedding at most"),
]


@pytest.mark.parametrize(("name", "held", "message"), REFUSED, ids=[case[0] for case in REFUSED])
def test_what_cannot_be_read_is_refused(tmp_path: Path, name: str, held: Any, message: str) -> None:
    folder, file = pipeline_of("sd1", tmp_path), tmp_path / name
    write(held, file)
    with pytest.raises(AlphabarError, match=message):
        ours(folder, file)


def test_a_word_that_no_prompt_has_is_said(tmp_path: Path) -> None:
    folder = pipeline_of("sd1", tmp_path)
    file, word = foreign("kohya-word.safetensors", tmp_path)
    settings = SamplingSpec.model_validate(own_sampling(folder))
    sampler = load_sampler(folder, settings, adapters=[(file, 1.0)])
    assert prompt_words(sampler, ["a red cat"]) == ["no prompt has the word `kohya-word`"]
    assert prompt_words(sampler, [f"a {word}"]) == []


def test_a_word_counts_once(tmp_path: Path) -> None:
    folder = pipeline_of("sd1", tmp_path)
    file, _ = foreign("one.safetensors", tmp_path)
    settings = SamplingSpec.model_validate(own_sampling(folder))
    with pytest.raises(AlphabarError, match=r"counts once and not 0\.5 times"):
        load_sampler(folder, settings, adapters=[(file, 0.5)])


def test_an_exported_pipeline_knows_the_word(tmp_path: Path) -> None:
    folder, out = pipeline_of("sd1", tmp_path), tmp_path / "out"
    file, _ = foreign("learned_embeds.safetensors", tmp_path)
    out.mkdir()
    settings = SamplingSpec.model_validate(own_sampling(folder)).model_dump(mode="json")
    worn = Worn(others=[(file, 1.0)])
    with pytest.raises(AlphabarError, match="one file has no tokenizer to know it"):
        save_diffusers(folder, out, settings, single_file="whole", worn=worn)
    save_diffusers(folder, out, settings, worn=worn)
    expected = ours(folder, file)
    assert decibels(ours(out), expected) > 50, "read again by us"
    assert decibels(theirs(diffusers_pipeline(out)), expected) > 50, "read by diffusers"
