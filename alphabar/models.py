"""Trained models and images sampled from them."""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alphabar.arguments import count_of, path_of, texts_of
from alphabar.place import workspace_at
from alphabar.shown import sheet_html, sheet_png
from alphabar.spoken import in_python, places
from components.errors import AlphabarError
from components.runtime import Progress, silent
from components.spec.sections.sampling import SamplingSpec

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL.Image import Image

    from components.generation.prompts import Prompts


@dataclass(frozen=True)
class Model:
    """A trained model, as `load` gives it.

    Attributes:
        name: as it was asked for.
        directory: holds its model.safetensors, or is a diffusers pipeline's.
        sampling: the settings that it is sampled with unless others are given.
        guide: the weaker model that these settings ask for, if they do.
        root: the project's folder, in which the name is looked up.
        settings: of the sampling section, in which a cell differs from the model's own.
    """

    name: str
    directory: Path
    sampling: SamplingSpec
    guide: Path | None
    root: Path | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"<Model {self.name}: {self.directory}>"

    def sample(
        self,
        prompts: str | Sequence[str] | None = None,
        n: int = 16,
        seed: int | None = None,
        *,
        guide: str | Path | None = None,
        progress: Progress | None = None,
        **settings: Any,
    ) -> "Sampled":
        """Images from this model: `alphabar.sample` with the model in front.

        >>> sevens = alphabar.load("digits@champion").sample("7", n=4, seed=0, steps=4, guidance=2)
        >>> sevens.images.shape, sevens.images.dtype.name, sevens.network_evaluations
        ((4, 8, 8, 1), 'uint8', 8.0)

        Args:
            prompts: classes or captions that the images take turns with; a text is one.
            n: how many, at least one.
            seed: image k is of this seed + k; None takes the model's own.

        Raises:
            AlphabarError: a prompt or a setting is wrong.
        """
        return sample(
            self,
            n,
            prompts=prompts,
            seed=seed,
            guide=guide,
            progress=progress,
            root=self.root,
            **settings,
        )

    def _repr_html_(self) -> str:
        from components.reporting.words.sampled import sampling_words

        words = f"{self.name}: sampled with {sampling_words(self.sampling)}"
        return f"<p>{escape(words)}</p><p><small>{escape(str(self.directory))}</small></p>"


@dataclass(frozen=True, eq=False)
class Sampled:
    """Images and what they were sampled with; a notebook shows the first of them.

    Attributes:
        images: (n, height, width, channel), uint8; image k is of seed ``sampling.seed`` + k.
        asked: what each was asked for.
        sampling: the settings.
        network_evaluations: an image; measured.
        seconds: that drawing all of them took, without loading the model.
        words: the settings in words, and whose they are; prompts that were cut.
    """

    images: "NDArray[np.uint8]"
    asked: "Prompts"
    sampling: SamplingSpec
    network_evaluations: float
    seconds: float
    words: str

    @property
    def captions(self) -> tuple[str, ...]:
        """What each was asked for in words; empty texts where that is nothing."""
        return self.asked.captions

    def __repr__(self) -> str:
        return f"<Sampled: {' × '.join(map(str, self.images.shape))}, {self.words}>"

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, k: int) -> "Image":
        """Image k, of Pillow, to be shown or saved."""
        from components.data.grids import as_image

        return as_image(self.images[k])

    def __iter__(self) -> "Iterator[Image]":
        return (self[k] for k in range(len(self)))

    def _repr_png_(self) -> bytes:
        return sheet_png(self.images)

    def _repr_html_(self) -> str:
        cost = f"{self.network_evaluations:g} network evaluations an image, {self.seconds:.3g} s"
        return sheet_html(self.images, self.captions, f"{self.words}; {cost}")


@in_python
def load(model: str | Path, *, root: str | Path | None = None) -> Model:
    """A trained model: the directory of a model.safetensors or of a diffusers pipeline, NAME@ALIAS
    in the registry, or the key (or its beginning) under which the store has it.

    >>> model = alphabar.load("digits@champion")
    >>> model.name, model.sampling.steps
    ('digits@champion', 8)

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
    place = None if root is None else Path(root)
    return Model(str(model), chosen.model, chosen.sampling, chosen.guide, place)


@in_python
def sample(
    model: Model | str | Path,
    n: int = 16,
    *,
    prompts: str | Sequence[str] | None = None,
    seed: int | None = None,
    guide: str | Path | None = None,
    progress: Progress | None = None,
    root: str | Path | None = None,
    **settings: Any,
) -> Sampled:
    """Images from a trained model, as `alphabar sample` gives them.

    >>> images = alphabar.sample("digits@champion", 3, prompts=["7", "3"], steps=4)
    >>> images.captions
    ('a handwritten seven', 'a handwritten three', 'a handwritten seven')

    Args:
        n: how many, at least one.
        prompts: classes or captions that the images take turns with; a text is one.
        seed: image k is of this seed + k; None takes the model's own.
        guide: a weaker model to be guided away from.
        progress: is told (done, total, note), where it is given.
        root: the project's folder; the current one unless given.
        settings: keys of the sampling section, over the model's own: ``steps=20, guidance=4``.

    Raises:
        AlphabarError: there is no such model, or a prompt or a setting is wrong.
    """
    from flows.tools.sampling import SAMPLE, Request, choose

    count, texts = count_of(n), () if prompts is None else texts_of(prompts, "prompt", "7")
    if prompts is not None and not texts:
        raise AlphabarError("the list of prompts is empty", "give at least one, or leave it out")
    named = model.directory if isinstance(model, Model) else path_of(model, "model")
    seeded = {} if seed is None else {"seed": seed}
    settings = {**(model.settings if isinstance(model, Model) else {}), **settings, **seeded}
    weaker = None if guide is None else str(path_of(guide, "guide"))
    called = {str(named): model.name} if isinstance(model, Model) else {}
    with places(called):
        asked_for = Request(str(named), settings, (), weaker, texts)
        chosen = choose(SAMPLE, asked_for, workspace_at(root))
    chosen.refuse_unasked(texts, "give at least one of `prompts`")
    sampler = chosen.load()
    from components.generation.asked import prompt_words, prompts_of
    from components.generation.generate import generate

    asked = prompts_of(sampler.model, texts, count)
    begun = time.perf_counter()
    found = generate(sampler, asked, progress=progress or silent)
    seconds = time.perf_counter() - begun
    words = "; ".join([chosen.words(), *prompt_words(sampler, texts)])
    return Sampled(
        found.images,
        asked,
        chosen.sampling,
        found.network_evaluations,
        seconds,
        words,
    )
