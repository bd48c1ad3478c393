"""Text encoders in folders as Stable Diffusion's pipelines have them: real layouts and tokenizers,
random weights of a few kilobytes, from transformers' own classes."""

import io
import json
from functools import cache
from pathlib import Path
from typing import Any, Literal

import torch

TEXT = """the of with and red blue green heart cat dog face star moon picture drawing small big
grinning one two three four five six seven eight nine ten"""
WORDS = ["a", *TEXT.split()]
LINES = [" ".join(WORDS[(i * j) % len(WORDS)] for j in range(1, 7)) for i in range(1, 80)]
BEGIN, END = "<|startoftext|>", "<|endoftext|>"
POSITIONS, T5_LIMIT = 77, 40

Layout = Literal["vocab", "json"]
"""``vocab``: as old folders have it (vocab.json and merges.txt; spiece.model); ``json``: one
tokenizer.json."""


def tiny_clip(
    folder: Path,
    *,
    tokenizer: Path | None = None,
    width: int = 16,
    projection: int | None = None,
    layers: int = 3,
    pad: str = END,
    hidden_act: str = "quick_gelu",
    layout: Layout = "vocab",
    seed: int = 0,
    **saved: Any,
) -> Path:
    """A CLIP text encoder in ``folder``, its tokenizer beside it or in ``tokenizer``.

    Args:
        projection: width of the pooled vector: `CLIPTextModelWithProjection`, as SDXL's second;
            None for `CLIPTextModel`.
        pad: the token that captions are padded with; SD 2 and SDXL's second have ``!``.
        hidden_act: SD 2's has ``gelu``, of SDXL's the second.
        saved: of ``save_pretrained``: ``max_shard_size``, ``variant``.
    """
    from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

    vocab, _ = _clip_bpe()
    config = CLIPTextConfig(
        vocab_size=len(vocab),
        hidden_size=width,
        intermediate_size=2 * width,
        projection_dim=projection or width,
        num_hidden_layers=layers,
        num_attention_heads=2,
        max_position_embeddings=POSITIONS,
        hidden_act=hidden_act,
        bos_token_id=vocab[BEGIN],
        eos_token_id=vocab[END],
        pad_token_id=vocab[pad],
    )
    kind = CLIPTextModel if projection is None else CLIPTextModelWithProjection
    _seeded(kind, config, seed).save_pretrained(folder, **saved)
    tiny_clip_tokenizer(tokenizer or folder, pad=pad, layout=layout)
    return folder


def tiny_clip_tokenizer(folder: Path, *, pad: str = END, layout: Layout = "vocab") -> Path:
    """CLIP's tokenizer, of few words."""
    from transformers import CLIPTokenizer

    vocab, merges = _clip_bpe()
    folder.mkdir(parents=True, exist_ok=True)
    if layout == "json":
        made = CLIPTokenizer(vocab=vocab, merges=merges, pad_token=pad, model_max_length=POSITIONS)
        made.save_pretrained(folder)
        return folder
    (folder / "vocab.json").write_text(json.dumps(vocab))
    lines = ["#version: 0.2", *(" ".join(pair) for pair in merges)]
    (folder / "merges.txt").write_text("\n".join(lines) + "\n")
    special = {"bos_token": BEGIN, "eos_token": END, "unk_token": END, "pad_token": pad}
    (folder / "special_tokens_map.json").write_text(json.dumps(special))
    said = {"tokenizer_class": "CLIPTokenizer", "model_max_length": POSITIONS, **special}
    (folder / "tokenizer_config.json").write_text(json.dumps(said))
    return folder


def tiny_t5(
    folder: Path,
    *,
    tokenizer: Path | None = None,
    width: int = 16,
    layers: int = 2,
    layout: Layout = "vocab",
    seed: int = 0,
    **saved: Any,
) -> Path:
    """A T5 encoder in ``folder``, its tokenizer beside it or in ``tokenizer``; as `tiny_clip`."""
    from transformers import T5Config, T5EncoderModel

    config = T5Config(
        vocab_size=256,
        d_model=width,
        d_kv=width // 2,
        d_ff=2 * width,
        num_layers=layers,
        num_heads=2,
        feed_forward_proj="gated-gelu",
        is_encoder_decoder=False,
        use_cache=False,
    )
    _seeded(T5EncoderModel, config, seed).save_pretrained(folder, **saved)
    tiny_t5_tokenizer(tokenizer or folder, layout=layout)
    return folder


def tiny_t5_tokenizer(folder: Path, *, layout: Layout = "vocab") -> Path:
    """T5's tokenizer, of few words; spiece.model is a real file of sentencepiece."""
    from transformers import T5Tokenizer

    folder.mkdir(parents=True, exist_ok=True)
    (folder / "spiece.model").write_bytes(_spiece())
    special = {"eos_token": "</s>", "unk_token": "<unk>", "pad_token": "<pad>"}
    said = {"tokenizer_class": "T5Tokenizer", "model_max_length": T5_LIMIT, "extra_ids": 100}
    (folder / "tokenizer_config.json").write_text(json.dumps(said | special))
    if layout == "json":
        made = T5Tokenizer.from_pretrained(str(folder), local_files_only=True)
        (folder / "spiece.model").unlink()
        made.save_pretrained(folder)
    return folder


def _seeded(kind: Any, config: Any, seed: int) -> Any:
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        network = kind(config)
        for weights in network.parameters():  # their own start tells hardly any captions apart
            torch.nn.init.normal_(weights, std=0.4)
    return network.eval()


@cache
def _clip_bpe() -> tuple[dict[str, int], list[tuple[str, str]]]:
    """Vocabulary and merges: every byte, with and without a word's end, and the few words."""
    from tokenizers import pre_tokenizers, trainers
    from transformers import CLIPTokenizer

    model = CLIPTokenizer().backend_tokenizer
    trainer = trainers.BpeTrainer(
        vocab_size=480,
        end_of_word_suffix="</w>",
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    model.train_from_iterator(LINES, trainer)
    found = json.loads(model.to_str())["model"]
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    pairs = [(a, b) for a, b in found["merges"]]
    pieces = [*letters, *(f"{each}</w>" for each in letters), *("".join(pair) for pair in pairs)]
    names = [*dict.fromkeys(pieces), BEGIN, END]
    return {name: number for number, name in enumerate(names)}, pairs


@cache
def _spiece() -> bytes:
    import sentencepiece

    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(LINES),
        model_writer=model,
        vocab_size=120,
        hard_vocab_limit=False,
        model_type="unigram",
        pad_id=0,
        eos_id=1,
        unk_id=2,
        bos_id=-1,
        minloglevel=2,
        num_threads=1,
    )
    return model.getvalue()
