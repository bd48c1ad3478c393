"""Captions that are encoded in the step, with gradients, by encoders that are trained.

What is trained is one network, the denoiser and the encoders (`WithText`), so that optimiser,
moving averages and resume points need to know nothing of it. Rows are places among the data's
captions, which that network encodes before it asks the denoiser.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import torch
from torch import Tensor, nn

from components.data.arrays import load_captions
from components.data.captions import Entries
from components.networks.adapters.parts import told_text
from components.networks.checkpoint import Checkpoint
from components.networks.conditioners.conditioner import Table
from components.networks.conditioners.rows import PLACES, Rows, on_device
from components.networks.conditioners.text import TextCondition
from components.training.task import Inputs

ABSENT = -1
"""What stands for the absent condition among `PLACES`."""


class WithText(nn.Module):
    """A denoiser and the encoders of its captions, as one network.

    Args:
        told: how captions are read; its own networks are not used.
        encoders: in the place of those, one for each.
        captions: the data's, by their place.
    """

    def __init__(
        self,
        denoiser: nn.Module,
        told: TextCondition,
        encoders: Sequence[nn.Module],
        captions: Sequence[str],
    ) -> None:
        super().__init__()
        self.denoiser, self.encoders = denoiser, nn.ModuleList(encoders)

        def tell(networks: Sequence[Any], places: Tensor) -> Rows:
            read = [None if place == ABSENT else captions[place] for place in places.tolist()]
            return told.live(networks, read)

        self._tell = tell  # a function, which copies of the network share

    def forward(self, x: Tensor, timestep: Tensor, **rows: Tensor) -> Tensor:
        """The denoiser's prediction; captions are given by `PLACES`, or as it reads them."""
        if PLACES in rows:
            told = self._tell([*self.encoders], rows[PLACES])
            rows = on_device(told, x.device)
        prediction: Tensor = self.denoiser(x, timestep, **rows)
        return prediction


@dataclass(frozen=True)
class LiveCaptions(TextCondition):
    """Captions as what is trained on gives them to a `WithText`."""

    def table(self, classes: Sequence[int], captions: Entries) -> Table:
        return lambda entries: {PLACES: torch.from_numpy(captions.some_ids(entries.numpy()))}

    def null(self, count: int) -> Rows:
        return {PLACES: torch.full((count,), ABSENT)}


def texts_of(inputs: Inputs) -> Sequence[str]:
    """The distinct captions of the prepared ``data``, by their place."""
    return load_captions(inputs["data"], "train").texts


def live_model(
    model: Checkpoint, encoders: Sequence[nn.Module], texts: Sequence[str]
) -> Checkpoint:
    """``model`` to be trained with ``encoders`` in the place of its own.

    Args:
        texts: the distinct captions of the data, by their place.
    """
    told = told_text(model)
    network = WithText(model.network, told, encoders, texts)
    same = {field.name: getattr(told, field.name) for field in fields(TextCondition)}
    return replace(model, network=network, conditioner=LiveCaptions(**same))


def trained_model(model: Checkpoint, network: nn.Module) -> Checkpoint:
    """``model`` as it draws with a `WithText` that was made of it, or an average of such."""
    assert isinstance(network, WithText)
    told = told_text(model).of_networks([*network.encoders])
    return replace(model, network=network.denoiser, conditioner=told)


def own_encoders(model: Checkpoint) -> list[Any]:
    """Networks of the encoders that read the model's captions, loaded for this alone.

    Raises:
        AlphabarError: as `told_text`.
    """
    parts = told_text(model).encoder.parts
    return [part.adapted(lambda network: None).loaded() for part in parts]
