"""A trained model with what it is sampled with: settings, a guide, adapters."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from components.errors import AlphabarError
from components.spec.catalogue import CONDITIONERS
from components.spec.class_names import unknown_class
from components.spec.pipelines.folder import is_pipeline
from components.spec.sections.sampling import SamplingSpec
from flows.run.stages import prepare_process

if TYPE_CHECKING:
    from components.generation.asked import Asked
    from components.generation.sampler import Sampler
    from components.networks.adapters import Worn


OWN_SETTINGS = "the model's own settings"


@dataclass(frozen=True)
class Chosen:
    """A trained model and what it is sampled with.

    Attributes:
        model: a checkpoint's directory.
        sampling: the settings.
        guide: the directory of the weaker model of ``sampling.guide: weaker``.
        changed: keys in which the settings differ from the model's own; None where it has none.
        notes: what is to be said of the images.
        base: the directory of the model that ``model`` is an adapter of, if it is one.
        weights: the folder in which an encoder's weights are looked for first.
        adapters: that it is drawn with besides, and how many times each counts.
        called: as the user has named it.
        version: which one that is: a number in the registry, or the key of its stage; empty where
            it has neither.
        whose: the settings that hold where nothing is given, in words.
        kernels: the folder in which compiled kernels are kept, if they are.
    """

    model: Path
    sampling: SamplingSpec
    guide: Path | None
    changed: tuple[str, ...] | None
    notes: tuple[str, ...] = ()
    base: Path | None = None
    weights: Path | None = None
    adapters: tuple[tuple[Path, float], ...] = ()
    called: str = ""
    version: str = ""
    whose: str = OWN_SETTINGS
    kernels: Path | None = None

    @property
    def captioned(self) -> bool:
        """Whether it draws from captions, by what it says of itself; its weights are not read."""
        whole = self.base or self.model
        if is_pipeline(whole):
            return True
        from components.networks.checkpoint_header import read_config

        return CONDITIONERS[read_config(whole).conditioning.encoder].captions

    def refuse_unasked(self, asked: "Asked", remedy: str) -> None:
        """Raise AlphabarError, with this remedy, where it needs a caption and there is none, or
        where a word is none of its classes."""
        if asked == () and self.captioned:
            raise AlphabarError("the model draws from captions", remedy)
        if isinstance(asked, Sequence):
            self.refuse_unknown(asked)

    def refuse_unknown(self, words: Sequence[str]) -> None:
        """Raise AlphabarError where one of ``words`` is no class of a model of classes, by what it
        says of itself; its weights are not read."""
        whole = self.base or self.model
        if not words or is_pipeline(whole):
            return
        from components.networks.checkpoint_header import read_config

        config = read_config(whole)
        names = config.images.classes
        if CONDITIONERS[config.conditioning.encoder].labels:
            for word in words:
                if word not in names:
                    raise unknown_class(word, names, config.images.captions)

    @property
    def worn(self) -> "Worn":
        """Its adapters."""
        from components.networks.adapters import Worn

        return Worn(self.base, self.adapters, self.sampling.adapter_scale)

    def load(self) -> "Sampler":
        """The sampler, on the machine's best device."""
        prepare_process(threads=None)
        from components.generation.sampler import load_sampler
        from components.networks.compiled import compile_cache
        from components.networks.device import resolve_device

        compile_cache(self.kernels)
        return load_sampler(
            self.model,
            self.sampling,
            self.guide,
            resolve_device("auto"),
            base=self.base,
            weights=self.weights,
            adapters=self.adapters,
        )

    def adapters_words(self) -> str:
        """Its adapters by name, and how many times each counts."""
        from components.reporting.words.naming import listed

        scale, others = self.sampling.adapter_scale, [(p.name, n) for p, n in self.adapters]
        own = [(Path(self.called or self.model).name, 1.0)] if self.base else []
        return listed([f"{name} × {scale * n:g}" for name, n in [*own, *others]])

    def content(self) -> dict[str, Any]:
        """What `words` says, as plain values."""
        return {
            "model": self.called,
            "version": self.version,
            "sampling": self.sampling.model_dump(),
            "differs_from_its_own": self.changed,
            "settings_from": None if self.changed is None else self.whose,
            "adapters": {str(path): times for path, times in self.adapters},
        }

    def about(self, *, seeded: bool = True) -> dict[str, str]:
        """What the metadata of an image says of how it was drawn, beside its prompt and seed.

        Args:
            seeded: whether the seed of the settings was read.
        """
        sampling = self.sampling
        settings = sampling.model_dump(mode="json", exclude=None if seeded else {"seed"})
        found = {
            "negative_prompt": sampling.negative_prompt or "",
            "solver": sampling.solver,
            "steps": str(sampling.steps),
            "guidance": f"{sampling.guidance:g}",
            "model": self.called,
            "model_version": self.version,
            "adapters": self.adapters_words() if self.base or self.adapters else "",
            "settings": json.dumps(settings, sort_keys=True),
            "Software": f"alphabar {metadata.version('alphabar')}",
        }
        return {keyword: text for keyword, text in found.items() if text}

    def words(self) -> str:
        """What is used, and whose settings that are."""
        from components.reporting.words.naming import listed
        from components.reporting.words.sampled import sampling_words

        used = f"sampled with {sampling_words(self.sampling)}"
        if self.adapters:
            used = f"{used}, and {self.adapters_words()}"
        if self.changed is None:
            return f"{used}: defaults where nothing is given"
        but = f" but for {listed(self.changed)}" if self.changed else ""
        return "; ".join([f"{used}: {self.whose}{but}", *self.notes])
