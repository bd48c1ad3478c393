"""Whether a tokenizer's vocabulary is whole.

transformers fills up what is lost of a tokenizer's files, or takes another family's for its own:
every caption then has the same few ids, and nothing says so.
"""

import json
from typing import Any

FEWEST = 32
"""Tokens that a vocabulary has beside the special ones; every real one has hundreds."""

FRAME = ("bos_token", "eos_token", "unk_token", "pad_token")

_WORD_END = "</w>"
"""Of CLIP's tokens that end a word."""


def fault_of(read: Any) -> str | None:
    """What is wrong with the vocabulary of a tokenizer of transformers; None for nothing."""
    model = json.loads(read.backend_tokenizer.to_str())["model"]
    ids = read.backend_tokenizer.get_vocab(with_added_tokens=False)
    added = read.backend_tokenizer.get_added_tokens_decoder().values()
    ordinary = set(ids) - {each.content for each in added}
    if len(ordinary) < FEWEST:
        return f"its vocabulary has {len(ordinary)} tokens beside the special ones"
    if len(set(ids.values())) < len(ids):
        return "several of its tokens have the same id"
    for kind in FRAME:
        if (token := getattr(read, kind)) is not None and token not in ids:
            return f"its vocabulary lacks its {kind} {token}"
    merged = {"".join(pair) for pair in model.get("merges", ordinary)}
    unmade = [t for t in ordinary if len(t.removesuffix(_WORD_END)) > 1 and t not in merged]
    if len(unmade) > len(ordinary) // 100:
        return f"{len(unmade)} of its {len(ordinary)} tokens come of no merge"
    return None
