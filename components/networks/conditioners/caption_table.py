"""Rows of a data set's captions by index, each distinct caption encoded once."""

from collections.abc import Sequence

import torch
from torch import Tensor

from components.networks.conditioners.encoders import TextEncoder
from components.networks.conditioners.rows import Rows
from components.networks.conditioners.text_rows import text_rows

KEPT_BYTES = 2 * 2**30
"""Up to so much memory the states of a data set's distinct captions are kept."""


class CaptionTable:
    """Rows of a data set's captions by index.

    The states of the distinct captions are kept token after token, without padding; where they
    would take more than ``kept_bytes``, the captions of a batch are encoded when it is asked for.

    Args:
        captions: one an image.
        limit: tokens at which a caption is cut.
    """

    def __init__(
        self,
        encoder: TextEncoder,
        captions: Sequence[str],
        limit: int,
        kept_bytes: int = KEPT_BYTES,
    ) -> None:
        self._encoder, self._limit = encoder, limit
        self._distinct = sorted(set(captions))
        place = {caption: number for number, caption in enumerate(self._distinct)}
        self._of = torch.tensor([place[caption] for caption in captions], dtype=torch.int64)
        tokens = sum(encoder.length(caption, limit) for caption in self._distinct)
        fits = tokens * encoder.form.width * 4 <= kept_bytes
        self._kept = encoder.encode(self._distinct, limit) if fits else None

    def __call__(self, index: Tensor) -> Rows:
        """The rows of images ``index``, padded to the longest of them."""
        chosen, back = torch.unique(self._of[index], return_inverse=True)
        places = chosen.tolist()
        encoded = (
            self._encoder.encode([self._distinct[place] for place in places], self._limit)
            if self._kept is None
            else [self._kept[place] for place in places]
        )
        rows = text_rows(encoded, self._encoder.form)
        return {name: tensor[back] for name, tensor in rows.items()}
