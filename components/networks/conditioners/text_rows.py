"""Encoded captions as rows, padded to the longest that stand together.

Padding changes no image beyond rounding: a padded position is masked both in the encoder and in
the network's cross-attention, where its weight is exactly 0.
"""

from collections.abc import Sequence

import torch
from torch.nn.utils.rnn import pad_sequence

from components.networks.conditioners.encoders import Encoded, Form
from components.networks.conditioners.rows import MASK, POOLED, STATES, TIME_IDS, Rows


def text_rows(encoded: Sequence[Encoded], form: Form) -> Rows:
    """A row for each caption, as ``form`` has them."""
    count = len(encoded)
    states = [each.states for each in encoded] or [torch.zeros(0, form.width)]
    rows = {STATES: pad_sequence(states, batch_first=True)[:count]}
    if form.masked:
        lengths = torch.tensor([len(each) for each in states])
        rows[MASK] = (torch.arange(int(lengths.max())) < lengths[:, None]).long()[:count]
    if form.pooled is not None:
        pooled = [each.pooled for each in encoded if each.pooled is not None]
        rows[POOLED] = torch.stack(pooled) if pooled else torch.zeros(0, form.pooled)
    if form.time_ids is not None:
        rows[TIME_IDS] = torch.tensor(form.time_ids).expand(count, -1)
    return rows
