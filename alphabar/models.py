"""Trained models and images sampled from them."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alphabar.arguments import count_of, path_of, texts_of
from alphabar.place import workspace_at
from components.runtime import Progress, silent
from components.spec.sections.sampling import SamplingSpec

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

COLUMNS, SHOWN = 10, 50
"""Of the picture that a notebook shows of sampled images."""


@dataclass(frozen=True)
class Model:
    """A trained model.

    Attributes:
        name: as it was asked for.
        directory: holds its model.safetensors, or is a diffusers pipeline's.
        sampling: the settings that it is sampled with unless others are given.
        guide: the weaker model that these settings ask for, if they do.
    """

    name: str
    directory: Path
    sampling: SamplingSpec
    guide: Path | None


@dataclass(frozen=True, eq=False)
class Sampled:
    """Images and what they were sampled with; a notebook shows the first of them.

    Attributes:
        images: (n, height, width, channel), uint8; image k is of seed ``sampling.seed`` + k.
        captions: what each was asked for; empty texts where that is nothing.
        sampling: the settings.
        network_evaluations: an image; measured.
        words: the settings in words, and whose they are; prompts that were cut.
    """

    images: "NDArray[np.uint8]"
    captions: tuple[str, ...]
    sampling: SamplingSpec
    network_evaluations: float
    words: str

    def __repr__(self) -> str:
        return f"<Sampled: {' × '.join(map(str, self.images.shape))}, {self.words}>"

    def _repr_png_(self) -> bytes:
        from components.data.grids import as_image, contact_sheet

        picture = io.BytesIO()
        as_image(contact_sheet(self.images[:SHOWN], COLUMNS)).save(picture, "PNG")
        return picture.getvalue()


def load(model: str | Path, *, root: str | Path | None = None) -> Model:
    """A trained model: the directory of a model.safetensors, or NAME@ALIAS in the registry.

    Args:
        root: the project's folder; the current one unless given.

    Raises:
        AlphabarError: there is no such model, or this alphabar cannot read it.
    """
    from components.networks.checkpoint_header import FILE_NAME, read_config
    from flows.tools.sampling import SAMPLE, Request, choose

    chosen = choose(SAMPLE, Request(str(path_of(model, "model"))), workspace_at(root))
    if (chosen.model / FILE_NAME).is_file():  # an adapter's header is read with its base
        read_config(chosen.model)
    return Model(str(model), chosen.model, chosen.sampling, chosen.guide)


def sample(
    model: Model | str | Path,
    count: int = 16,
    *,
    prompts: str | Sequence[str] = (),
    guide: str | Path | None = None,
    progress: Progress = silent,
    root: str | Path | None = None,
    **settings: Any,
) -> Sampled:
    """Images from a trained model, as `alphabar sample` gives them.

    Args:
        count: how many, at least one.
        prompts: classes or captions that the images take turns with; a text is one.
        guide: a weaker model to be guided away from.
        progress: is told (done, total, note).
        root: the project's folder; the current one unless given.
        settings: keys of the sampling section, over the model's own: ``steps=20, guidance=4``.

    Raises:
        AlphabarError: there is no such model, or a prompt or a setting is wrong.
    """
    from flows.tools.sampling import SAMPLE, Request, choose

    count, texts = count_of(count), texts_of(prompts, "prompt")
    named = model.directory if isinstance(model, Model) else path_of(model, "model")
    weaker = None if guide is None else str(path_of(guide, "guide"))
    chosen = choose(SAMPLE, Request(str(named), settings, (), weaker, texts), workspace_at(root))
    chosen.refuse_unasked(texts, "give at least one of `prompts`")
    sampler = chosen.load()
    from components.generation.asked import prompt_words, prompts_of
    from components.generation.generate import generate

    asked = prompts_of(sampler.model, texts, count)
    found = generate(sampler, asked, progress=progress)
    evaluations = found.network_evaluations
    words = "; ".join([chosen.words(), *prompt_words(sampler, texts)])
    return Sampled(found.images, asked.captions, chosen.sampling, evaluations, words)
