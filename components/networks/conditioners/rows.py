"""What a network is told of images: named tensors with one row an image."""

import torch
from torch import Tensor

from components.process.transfer import to_device

STATES, MASK = "encoder_hidden_states", "encoder_attention_mask"
POOLED, TIME_IDS = "text_embeds", "time_ids"
"""Names of the rows of captions, as diffusers' networks call them: the states of their tokens,
which of them there are, a vector of the whole caption, and SDXL's sizes of the image."""

PLACES = "caption_places"
"""Name of the row of captions that are read in the step: their places among the data's, int64
(batch,), on the CPU, where they are looked up."""

Rows = dict[str, Tensor]


def take(rows: Rows, index: Tensor) -> Rows:
    """The chosen rows."""
    return {name: tensor[index] for name, tensor in rows.items()}


def on_device(rows: Rows, device: torch.device) -> Rows:
    """The rows where the network computes."""
    return {name: to_device(tensor, device) for name, tensor in rows.items()}


def padded(rows: Rows, length: int) -> Rows:
    """Caption rows with masked positions behind them, up to ``length``; other rows as they are."""
    if STATES not in rows or rows[STATES].shape[1] >= length:
        return rows
    states, mask = rows[STATES], rows[MASK]
    more = length - states.shape[1]
    return rows | {
        STATES: torch.cat([states, states.new_zeros(len(states), more, states.shape[2])], dim=1),
        MASK: torch.cat([mask, mask.new_zeros(len(mask), more)], dim=1),
    }


def aligned(first: Rows, second: Rows) -> tuple[Rows, Rows]:
    """Both with captions of one length, so that they can stand in one batch."""
    length = max((rows[STATES].shape[1] for rows in (first, second) if STATES in rows), default=0)
    return padded(first, length), padded(second, length)
