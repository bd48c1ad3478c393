"""A model that knows a new word (textual inversion: Gal et al. 2022)."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from components.data.readers import Reader
from components.data.readers.words import refuse_known
from components.errors import AlphabarError
from components.networks.adapters.embedding_file import Embedding, read_embedding
from components.networks.adapters.parts import told_text
from components.networks.checkpoint import Checkpoint


def with_embedding(model: Checkpoint, path: Path, strength: float) -> Checkpoint:
    """``model`` with the word in the file ``path``; text encoders, which several models share, are
    not changed in place.

    Raises:
        AlphabarError: the file is broken, of encoders of other widths, its word is known already,
            or it is to count other than once.
    """
    if strength != 1:
        raise AlphabarError(
            f"{path} holds a word, which counts once and not {strength:g} times",
            "leave its weight and `adapter_scale` out",
        )
    return knowing(model, read_embedding(path), str(path))


def knowing(model: Checkpoint, word: Embedding, whose: str) -> Checkpoint:
    """``model`` with a new word.

    Args:
        whose: where it comes from, for messages.
    """
    told = told_text(model)
    parts: Sequence[Any] = told.encoder.parts
    widths = [each.shape[1] for each in word.vectors]
    own = [part.form.width for part in parts]
    if widths != own:
        raise AlphabarError(
            f"{whose} is an embedding of another model: its vectors have widths {widths}, and the "
            f"model's text encoders {own}",
            "give the model that it was trained on, or one like it",
        )
    changes, readers = {}, {}
    for number, (part, vectors) in enumerate(zip(parts, word.vectors, strict=True)):
        refuse_known(part.reader, word.tokens, whose)
        readers[number] = part.reader.with_tokens(word.tokens)
        changes[number] = partial(_put_in, ids_of(readers[number], word.tokens), vectors)
    told = replace(told.adapted(changes, readers), template=word.template or told.template)
    return replace(model, conditioner=told)


def ids_of(reader: Reader, tokens: Sequence[str]) -> list[int]:
    """The ids of tokens that the reader knows."""
    return [reader.tokenizer.token_to_id(token) for token in tokens]


@torch.no_grad()
def _put_in(ids: Sequence[int], vectors: Tensor, network: Any) -> None:
    """Give ``network`` rows of its embedding, the other rows as they are."""
    old: Tensor = network.get_input_embeddings().weight
    more = max(0, ids[-1] + 1 - len(old))
    rows = torch.cat([old, old.new_zeros(more, old.shape[1])])
    rows[torch.tensor(ids)] = vectors.to(rows)
    network.set_input_embeddings(nn.Embedding.from_pretrained(rows))
    network.config.vocab_size = len(rows)
