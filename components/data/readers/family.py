"""Families of text encoders that come in folders: what their folders and configurations say."""

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Family:
    """What is known of a family without its weights.

    Attributes:
        words: what it is called.
        model_types: that its config.json may say.
        tokenizer: the class of transformers that reads its tokenizer.
        tokenizer_files: sets of files, one of which makes a tokenizer.
        width: the configuration's key of the token states' width.
        limit: its key of how many tokens are read at most; a number where it has none.
        most: as `Reader` has it.
    """

    words: str
    model_types: tuple[str, ...]
    tokenizer: str
    tokenizer_files: tuple[tuple[str, ...], ...]
    width: str
    limit: str | int
    most: Callable[[str], int]


def _bytes(caption: str) -> int:
    """A token is at least a byte; begin and end stand around them."""
    return len(unicodedata.normalize("NFD", caption.lower()).encode(errors="replace")) + 2


def _characters(caption: str) -> int:
    """A token is at least a character, or the begin of a word; the end stands behind them."""
    return 2 * len(unicodedata.normalize("NFKD", caption)) + 1


CLIP = Family(
    "a CLIP text encoder",
    ("clip_text_model", "clip"),
    "CLIPTokenizer",
    (("tokenizer.json",), ("vocab.json", "merges.txt")),
    "hidden_size",
    "max_position_embeddings",
    _bytes,
)
T5 = Family(
    "a T5 encoder",
    ("t5",),
    "T5Tokenizer",
    (("tokenizer.json",), ("spiece.model",)),
    "d_model",
    512,
    _characters,
)

FAMILIES = {"clip": CLIP, "t5": T5}
"""By what stands before the colon of an encoder's name."""

PIPELINE_PARTS = ("text_encoder", "text_encoder_2", "text_encoder_3")
"""Folders of a pipeline that may hold one."""
