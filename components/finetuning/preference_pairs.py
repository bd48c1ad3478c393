"""Decided pairs as a fine-tune is shown them: both images, what they were asked for with, and how
much the pair counts."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from components.data.decided import (
    IMAGES,
    TABLE,
    Decided,
    counts_of,
    decided_digest,
    decided_folder,
    read_decided,
    read_images,
)
from components.errors import AlphabarError, first_of, quoted
from components.networks.checkpoint import Checkpoint
from components.networks.codecs.autoencoder import Autoencoder
from components.networks.conditioners.rows import PLACES, Rows, take
from components.spec.sections.training import TrainingSpec
from components.training.batches import TrainingSet
from components.training.latents import drawn, moments_of
from components.training.live_text import LiveCaptions
from components.training.task import Inputs

WEIGHT = "pair_weight"
"""Name of the row that says how much a pair counts; no network is told it."""


@dataclass(frozen=True, eq=False)
class PreferencePairs:
    """Pairs, and what a model is told of each.

    Attributes:
        images: uint8 (m, height, width, channel); pairs share them.
        prompts: (class index, caption), each once.
        places: each pair's, among ``prompts``.
    """

    pairs: tuple[Decided, ...]
    images: NDArray[np.uint8]
    prompts: tuple[tuple[int, str], ...]
    places: tuple[int, ...]

    @classmethod
    def of(cls, model: Checkpoint, home: Path, sha256: str | None = None) -> "PreferencePairs":
        """Those in ``home``, a stage's output or a study's folder.

        Args:
            sha256: of their content as the plan knows it, where they lie in no store.

        Raises:
            AlphabarError: a file is missing, damaged, or was changed since the plan was made, the
                images are not as ``model`` draws them, or it does not know a pair's class.
        """
        folder = decided_folder(home)
        if sha256 is not None and decided_digest(folder) != sha256:
            raise AlphabarError(f"{folder} was changed since the plan was made", "run it again")
        pairs = read_decided(folder)
        images = read_images(folder)
        _refuse_other_images(images, pairs, model, folder)
        told = [(_class_of(pair, model, folder), pair.caption) for pair in pairs]
        prompts = tuple(dict.fromkeys(told))
        place = {prompt: number for number, prompt in enumerate(prompts)}
        return cls(pairs, images, prompts, tuple(place[each] for each in told))

    @property
    def captions(self) -> Sequence[str]:
        """Of ``prompts``."""
        return [caption for _, caption in self.prompts]

    @property
    def facts(self) -> dict[str, int]:
        """What metrics.json is to say."""
        return counts_of(self.pairs)


def shown(
    pairs: PreferencePairs, model: Checkpoint, training: TrainingSpec, inputs: Inputs
) -> TrainingSet:
    """A row a pair: x0 (batch, 2, channel, height, width), the winner first, with the conditions of
    both and `WEIGHT`; captions are encoded once, unless what reads them is trained."""
    told = _told(model, pairs)
    places = torch.tensor(pairs.places)
    weights = torch.tensor([pair.weight for pair in pairs.pairs], dtype=torch.float32)

    def rows(index: Tensor) -> Rows:
        return take(told, places[index]) | {WEIGHT: weights[index]}

    codec = model.codec
    images = torch.from_numpy(np.ascontiguousarray(pairs.images.transpose(0, 3, 1, 2)))
    if not isinstance(codec, Autoencoder):
        return TrainingSet(
            OfPairs(images, pairs.pairs), lambda _, both: _unpaired(codec.encode, both), rows
        )
    moments = moments_of(codec, images, model.device)
    codec.release()

    def draw(step: int, both: Tensor) -> Tensor:
        return _unpaired(partial(drawn, training.seed, step), both)

    return TrainingSet(OfPairs(moments, pairs.pairs), draw, rows)


@dataclass(frozen=True, eq=False)
class OfPairs:
    """What is stored of single images, (m, …), as rows (2, …) of pairs."""

    images: Tensor
    pairs: Sequence[Decided]

    def __len__(self) -> int:
        return len(self.pairs)

    def __getitem__(self, index: Tensor) -> Tensor:
        chosen = [self.pairs[k] for k in index.tolist()]
        return self.images[torch.tensor([[pair.winner, pair.loser] for pair in chosen])]


def _unpaired(encode: Callable[[Tensor], Tensor], both: Tensor) -> Tensor:
    """``encode`` of single images, done to the pairs ``both`` (batch, 2, …)."""
    found = encode(both.flatten(0, 1))
    return found.view(len(both), 2, *found.shape[1:])


def _told(model: Checkpoint, pairs: PreferencePairs) -> Rows:
    """A row for each prompt: its states, or its place where they are made in the step."""
    conditioner = model.conditioner
    if isinstance(conditioner, LiveCaptions):
        return {PLACES: torch.arange(len(pairs.prompts))}
    told = conditioner.encode([index for index, _ in pairs.prompts], pairs.captions)
    conditioner.release()
    return told


def _class_of(pair: Decided, model: Checkpoint, folder: Path) -> int:
    """The number of a pair's class as ``model`` has them: by its label where that is given, else by
    its number, else by the words that both images were shown with; −1 of a model without."""
    if not model.conditioner.n_classes:
        return -1
    images = model.config.images
    names = list(images.classes)
    if pair.label in names:
        return names.index(pair.label)
    if not pair.label and 0 <= pair.class_index < len(names):
        return pair.class_index
    if not pair.label and pair.class_index < 0:
        for known in (names, list(images.captions)):
            if pair.caption in known:
                return known.index(pair.caption)
    asked = pair.label or pair.caption or f"class {pair.class_index}"
    raise AlphabarError(
        f"{folder / TABLE} has a pair of {quoted(asked)}, and the model knows {first_of(names)}",
        "give a study of images that this model could have drawn",
    )


def _refuse_other_images(
    images: NDArray[np.uint8], pairs: Sequence[Decided], model: Checkpoint, folder: Path
) -> None:
    """Raise AlphabarError where they are none that the pairs and the model could be of."""
    last = max(max(pair.winner, pair.loser) for pair in pairs)
    if last >= len(images):
        raise AlphabarError(
            f"{folder / TABLE} names the image {last}, and {IMAGES} has {len(images)}",
            "analyse the study again: alphabar study analyze",
        )
    height, width, channels = images.shape[1:]
    if (channels, height, width) != model.image_shape:
        raise AlphabarError(
            f"{folder / IMAGES} holds images {(channels, height, width)}, the model makes "
            f"{model.image_shape}",
            "give a study of images that this model could have drawn",
        )
