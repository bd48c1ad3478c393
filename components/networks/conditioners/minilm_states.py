"""Captions as token states of all-MiniLM-L6-v2 (384-d), padded to the longest that stand together.

Padding changes no image beyond rounding: a padded position is masked both in the encoder and in
the network's cross-attention, where its weight is exactly 0.
"""

from collections.abc import Sequence
from functools import cache
from typing import Any

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from components.data.tokens import encoder_folder, token_ids
from components.networks.conditioners.rows import MASK, STATES, Rows
from components.spec.catalogue.networks import ENCODER_LIMIT

WIDTH = 384
KEPT_BYTES = 2 * 2**30
"""Up to so much memory the states of a data set's distinct captions are kept."""

_BATCH = 256


def encode_captions(captions: Sequence[str], limit: int = ENCODER_LIMIT) -> Rows:
    """Rows of ``captions``, each distinct one encoded once; longer ones are cut at ``limit``."""
    table = CaptionTable(captions, limit)
    return table(torch.arange(len(captions)))


def absent(count: int) -> Rows:
    """Rows of the empty caption, which means none; it is encoded once a process."""
    return {name: tensor.expand(count, *tensor.shape[1:]) for name, tensor in _absent().items()}


class CaptionTable:
    """Rows of a data set's captions by index.

    The states of the distinct captions are kept token after token, without padding; where they
    would take more than ``kept_bytes``, the captions of a batch are encoded when it is asked for.

    Args:
        captions: one an image.
        limit: tokens at which a caption is cut.
    """

    def __init__(
        self, captions: Sequence[str], limit: int = ENCODER_LIMIT, kept_bytes: int = KEPT_BYTES
    ) -> None:
        distinct = sorted(set(captions))
        place = {caption: number for number, caption in enumerate(distinct)}
        self._of = torch.tensor([place[caption] for caption in captions], dtype=torch.int64)
        self._ids = [torch.tensor(token_ids(caption, limit)) for caption in distinct]
        tokens = sum(len(ids) for ids in self._ids)
        self._states = _encoded(self._ids) if tokens * WIDTH * 4 <= kept_bytes else None

    def __call__(self, index: Tensor) -> Rows:
        """The rows of images ``index``, padded to the longest of them."""
        chosen, back = torch.unique(self._of[index], return_inverse=True)
        places = chosen.tolist()
        states = (
            _encoded([self._ids[place] for place in places])
            if self._states is None
            else [self._states[place] for place in places]
        )
        if not states:
            return {STATES: torch.zeros(0, 0, WIDTH), MASK: torch.zeros(0, 0, dtype=torch.int64)}
        lengths = torch.tensor([len(each) for each in states])
        mask = (torch.arange(int(lengths.max())) < lengths[:, None]).long()
        return {STATES: pad_sequence(states, batch_first=True)[back], MASK: mask[back]}


@torch.inference_mode()
def _encoded(ids: Sequence[Tensor]) -> list[Tensor]:
    """The token states (tokens, 384) of each caption."""
    states: list[Tensor] = []
    for start in range(0, len(ids), _BATCH):
        batch = list(ids[start : start + _BATCH])
        lengths = torch.tensor([len(each) for each in batch])
        tokens = pad_sequence(batch, batch_first=True)
        mask = (torch.arange(tokens.shape[1]) < lengths[:, None]).long()
        found = _encoder()(input_ids=tokens, attention_mask=mask).last_hidden_state.float()
        states += [
            each[:length].clone() for each, length in zip(found, lengths.tolist(), strict=True)
        ]
    return states


@cache
def _absent() -> Rows:
    with torch.inference_mode(False):  # it may be asked for first while sampling, then in training
        return encode_captions([""])


@cache
def _encoder() -> Any:
    from transformers import AutoModel

    return AutoModel.from_pretrained(str(encoder_folder()), local_files_only=True).eval()
