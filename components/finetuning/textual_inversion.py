"""A new word: vectors of the text encoders' embeddings that are all that is trained (textual
inversion: Gal et al. 2022), with the loss that the model was trained with."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from components.data.arrays import load_captions
from components.data.readers import Reader
from components.data.readers.words import (
    lacking,
    refuse_cut,
    refuse_few_images,
    refuse_lacking,
    start_of,
)
from components.finetuning.subject_images import SubjectImages, shown
from components.finetuning.subject_look import subject_look
from components.networks.adapters import Adapter, save_adapter
from components.networks.adapters.embedding import ids_of, knowing
from components.networks.adapters.embedding_file import Embedding
from components.networks.adapters.parts import told_text
from components.networks.checkpoint import Checkpoint
from components.networks.conditioners.text import worded
from components.spec.catalogue.inversion import OF_SUBJECTS, InversionSettings
from components.spec.sections.training import TrainingSpec
from components.training.denoising_task import denoising_task
from components.training.live_text import (
    WithText,
    live_model,
    own_encoders,
    texts_of,
)
from components.training.task import Task


class NewWords(nn.Module):
    """An embedding with trained rows in the place of those from ``first`` on; the others stay."""

    def __init__(self, known: nn.Embedding, first: int, vectors: Tensor) -> None:
        super().__init__()
        self.known, self.first = known, first
        self.vectors = nn.Parameter(vectors.clone())

    @property
    def weight(self) -> Tensor:
        """All rows, (tokens, width)."""
        return torch.cat([self.known.weight[: self.first], self.vectors])

    def forward(self, ids: Tensor) -> Tensor:
        """ids (…) → (…, width)."""
        new = ids >= self.first
        rows = self.known(ids.masked_fill(new, 0))
        trained = nn.functional.embedding((ids - self.first).clamp(min=0), self.vectors)
        return torch.where(new[..., None], trained, rows)


def textual_inversion(
    model: Checkpoint,
    spec: Mapping[str, Any],
    training: TrainingSpec,
    inputs: Mapping[str, Path],
) -> Task:
    """The task of learning a word for what the images show; all weights of ``model`` stay.

    Raises:
        AlphabarError: its text encoders can be told none, the word is known already, the initial
            one is none, captions lack the word, or there are too few images.
    """
    settings = InversionSettings.model_validate(
        {name: spec[name] for name in InversionSettings.model_fields if name not in OF_SUBJECTS}
    )
    start, base = _start(model, settings), model
    model = knowing(base, start, f"`finetune.token: {start.token}`")
    images = SubjectImages.of(model, spec, inputs) if "subject" in inputs else None
    if images is None:
        refuse_few_images(len(load_captions(inputs["data"], "train")))
        _refuse_lacking(model, start, _told(model, inputs["data"]))
    else:
        for reader in _readers(model):
            refuse_cut([reader], "prompt", images.prompts[:1], start.token, told_text(model).limit)
    encoders = own_encoders(base)
    for encoder, reader, vectors in zip(encoders, _readers(model), start.vectors, strict=True):
        first = ids_of(reader, [start.token])[0]
        rows = NewWords(encoder.get_input_embeddings(), first, vectors)
        encoder.set_input_embeddings(rows)
    texts = images.prompts if images else worded(model.conditioner, texts_of(inputs))
    live = live_model(model, encoders, texts)
    adapter = Adapter.of("embedding", inputs["model"])

    def save(folder: Path, network: nn.Module) -> None:
        assert isinstance(network, WithText)
        encoded: Sequence[Any] = [*network.encoders]
        found = tuple(each.get_input_embeddings().vectors.detach() for each in encoded)
        word = replace(start, vectors=found)
        save_adapter(folder, model, adapter, word.tensors(), word.entries())

    live = replace(live, config=_never_absent(live))
    data = partial(shown, images) if images else None
    look = partial(subject_look, model, spec) if images else None
    task = denoising_task(
        model, training, trains=is_vector, save=save, live=live, data=data, look=look
    )
    return replace(task, facts=lambda _: images.facts) if images else task


def is_vector(name: str) -> bool:
    """Whether a weight of a network is the vectors of a `NewWords`."""
    return name.endswith(".vectors")


def _never_absent(model: Checkpoint) -> Any:
    """The configuration with no dropped captions: without its word a row teaches nothing."""
    told = model.config.conditioning.model_copy(update={"dropout": 0.0})
    return model.config.model_copy(update={"conditioning": told})


def _start(model: Checkpoint, settings: InversionSettings) -> Embedding:
    """The word as it is before training: every vector is that of the initial word."""
    assert settings.token is not None
    assert settings.initial is not None
    vectors = []
    for part in told_text(model).encoder.parts:
        first = start_of(part.reader, settings.initial)
        row = part.loaded().get_input_embeddings().weight[first]
        vectors.append(row.detach().cpu().expand(settings.vectors, -1).clone())
    model.conditioner.release()
    template = settings.template and settings.template.replace("{token}", settings.token)
    return Embedding(settings.token, tuple(vectors), template)


def _readers(model: Checkpoint) -> Sequence[Reader]:
    return model.conditioner.readers


def _told(model: Checkpoint, data: Path) -> tuple[str, ...]:
    """What the model is told of the images that are trained on."""
    captions = load_captions(data, "train")
    return worded(model.conditioner, captions.some_texts(np.unique(captions.ids)))


def _refuse_lacking(model: Checkpoint, word: Embedding, texts: Sequence[str]) -> None:
    """Raise AlphabarError where what is trained on is not shown with the word."""
    limit = told_text(model).limit
    for reader in _readers(model):
        without = lacking(reader, word.tokens[-1], texts, limit)
        refuse_lacking(without, len(texts), word.token, limit)
