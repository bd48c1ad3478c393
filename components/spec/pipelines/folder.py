"""A pipeline's directory: which parts it has, and whether they fit each other."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from components.errors import AlphabarError, quoted, shortened
from components.files.digests import known_sha256
from components.files.json_file import read_object
from components.spec.codec_files import CONFIG
from components.spec.keys import digest
from components.spec.pipelines.families import FAMILIES, NETWORKS, SCHEDULER, VAE, Family, TextPart
from components.spec.pipelines.scheduler import ReadScheduler, read_scheduler
from components.spec.pipelines.sizes import flat
from components.spec.pipelines.weights import REMEDY, WeightFiles, find_weights_of, refuse_outside

INDEX, SCHEDULER_CONFIG = "model_index.json", "scheduler_config.json"
LIBRARIES = ("diffusers", "transformers")
"""Whose classes are read."""

OLD_SCHEDULER = "StableDiffusionPipeline"
"""The pipeline that takes a steps offset of 1, whatever its scheduler's file says, and latents of
64 a side, whatever the file of an old network says."""

OLD_NETWORK, LEAST_SIDE = re.compile(r"0\.[0-8](?!\d)"), 64


def is_pipeline(directory: Path) -> bool:
    """Whether it is a pipeline's, and not a model of ours that has been exported."""
    return (directory / INDEX).is_file() and not (directory / "model.safetensors").is_file()


@dataclass(frozen=True)
class PipelineFolder:
    """A directory whose parts are there.

    Attributes:
        root: the directory.
        kind: the pipeline's class.
        index: model_index.json.
        configs: part → its configuration.
    """

    root: Path
    kind: str
    index: Mapping[str, Any]
    configs: Mapping[str, Mapping[str, Any]]

    @property
    def family(self) -> Family:
        return FAMILIES[self.kind]

    @property
    def network(self) -> Mapping[str, Any]:
        """The configuration of what denoises, and behind it what its class takes for the rest."""
        said = self.configs[self.family.denoiser]
        return {**said, **NETWORKS[self.family.network], **said}

    @property
    def texts(self) -> tuple[TextPart, ...]:
        """The text encoders that are there."""
        return tuple(part for part in self.family.texts if part.encoder in self.configs)

    @property
    def factor(self) -> int:
        """How many times smaller latents are, a side."""
        blocks = self.configs[VAE].get("block_out_channels")
        return int(2 ** (len(blocks) - 1)) if isinstance(blocks, list) and blocks else 0

    @property
    def latent_side(self) -> int:
        """Of the latents that the network was trained on."""
        size = self.network.get("sample_size", self.family.sample_size)
        if isinstance(size, list) and len(size) == 2 and size[0] == size[1]:
            size = size[0]
        path = self.root / self.family.denoiser / CONFIG
        side = _whole(path, "sample_size", size, 1, 4096)
        old = OLD_NETWORK.match(str(self.network.get("_diffusers_version")))
        return max(side, LEAST_SIDE) if self.kind == OLD_SCHEDULER and old else side

    @property
    def size(self) -> int:
        """Side of its images, pixels."""
        return self.latent_side * self.factor

    @property
    def patch(self) -> int:
        """Side of the squares of latents that are one token each; 1 for a network without such."""
        size = self.network.get("patch_size", 1)
        return self.family.patch if self.family.packed > 1 else int(size)

    @property
    def scheduler_path(self) -> Path:
        """The file that says the process."""
        return self.root / SCHEDULER / SCHEDULER_CONFIG

    @cached_property
    def scheduler(self) -> ReadScheduler:
        """Its process and the settings that go with it."""
        path = self.scheduler_path
        offset = 1 if self.kind == OLD_SCHEDULER else None
        tokens = (self.latent_side // max(1, self.patch)) ** 2
        values = self.configs[SCHEDULER]
        found = read_scheduler(path, values, offset=offset, tokens=tokens)
        if found.flow != self.family.flow:
            raise AlphabarError(
                f"{path} is a `{shortened(values.get('_class_name'))}`, and {self.family.words} "
                f"{'is' if self.family.flow else 'is not'} a rectified flow",
                REMEDY,
            )
        return found

    @property
    def sampling(self) -> dict[str, Any]:
        """Keys of the sampling section that its pipeline draws with."""
        return {**self.scheduler.sampling, **self.family.usual}

    def notes(self, guidance: float) -> tuple[str, ...]:
        """What is to be said of images that are drawn at the scale ``guidance``."""
        found = []
        if unfollowed := self.scheduler.unfollowed:
            found.append(f"not followed of {self.scheduler_path}: {', '.join(unfollowed)}")
        told = self.family.told_guidance
        if told is not None and self.network.get("guidance_embeds") and guidance != 1:
            found.append(
                f"guidance {guidance:g} asks the network twice a step, with and without the "
                f"prompt; the guidance that it is told stays {told:g}"
            )
        return tuple(found)

    @property
    def text_width(self) -> int:
        """Of the text states that the network reads."""
        keys = ("joint_attention_dim", "cross_attention_dim")
        found = next((flat(self.network[key])[0] for key in keys if key in self.network), 0)
        return found if isinstance(found, int) else 0

    @property
    def zeroed(self) -> bool:
        """Whether the absent condition is zeros, and not the empty caption."""
        asked = self.index.get("force_zeros_for_empty_prompt", True)
        return self.family.zeroed and bool(asked)

    def weights(self, part: str) -> WeightFiles:
        """The files of a part's weights."""
        return find_weights_of(self.root / part, self.root)

    @property
    def weighty(self) -> tuple[str, ...]:
        """The parts that have weights."""
        return (VAE, self.family.denoiser, *(text.encoder for text in self.texts))

    @cached_property
    def network_digest(self) -> str:
        """SHA-256 of the network's configuration and weights."""
        home = self.root / self.family.denoiser
        read = (home / CONFIG, *self.weights(self.family.denoiser).all)
        return digest([[path.name, known_sha256(path)] for path in read])

    @cached_property
    def digest(self) -> str:
        """SHA-256 of all that is read: configurations, weights, tokenizers."""
        read = {self.root / INDEX, self.root / SCHEDULER / SCHEDULER_CONFIG}
        for part in self.weighty:
            read |= {self.root / part / CONFIG, *self.weights(part).all}
        for text in self.texts:
            read |= {path for path in (self.root / text.tokenizer).iterdir() if path.is_file()}
        named = [(str(path.relative_to(self.root)), known_sha256(path)) for path in read]
        return digest([list(each) for each in sorted(named)])


def read_pipeline(root: Path) -> PipelineFolder:
    """The pipeline in ``root``, whose parts are there and fit each other.

    Of files of weights no tensor is read.

    Raises:
        AlphabarError: a part is missing or of another class, parts do not fit, or a file leads out
            of the directory.
    """
    from components.spec.pipelines.fit import refuse_unfit_parts

    index = read_object(root / INDEX, "give the directory of a diffusers pipeline")
    kind = index.get("_class_name")
    if not isinstance(kind, str) or kind not in FAMILIES:
        raise AlphabarError(
            f"{root} is a `{shortened(kind)}`, which is not read",
            f"give one of {', '.join(FAMILIES)}",
        )
    family = FAMILIES[kind]
    configs = {
        VAE: _config(root, index, VAE, CONFIG, ("AutoencoderKL",)),
        SCHEDULER: _config(root, index, SCHEDULER, SCHEDULER_CONFIG, None),
        family.denoiser: _config(root, index, family.denoiser, CONFIG, (family.network,)),
    }
    for text in family.texts:
        if text.optional and not _named(root, index, text.encoder):
            continue
        configs[text.encoder] = _config(root, index, text.encoder, CONFIG, _CLASSES[text.kind])
        _tokenizer(root, index, text)
    folder = PipelineFolder(root, kind, index, configs)
    refuse_unfit_parts(folder)
    for part in folder.weighty:
        folder.weights(part)
    _ = folder.scheduler
    return folder


_CLASSES = {
    "clip": ("CLIPTextModel", "CLIPTextModelWithProjection"),
    "t5": ("T5EncoderModel",),
}


def _config(
    root: Path, index: Mapping[str, Any], part: str, name: str, classes: tuple[str, ...] | None
) -> Mapping[str, Any]:
    """The configuration of a part that must be there."""
    named = _named(root, index, part)
    if named is None or not (root / part).is_dir():
        raise AlphabarError(f"{root} has no {part}/", REMEDY)
    if classes and named not in classes:
        raise AlphabarError(
            f"{root / INDEX}: {part} is a `{shortened(named)}`, not a {' or '.join(classes)}",
            "give another directory",
        )
    refuse_outside(root / part, root)
    refuse_outside(root / part / name, root)
    values = read_object(root / part / name, REMEDY, finite=part != SCHEDULER)
    if classes and values.get("_class_name", classes[0]) not in classes:
        raise AlphabarError(
            f"{root / part / name} is of a `{shortened(values['_class_name'])}`, not of a "
            f"{' or '.join(classes)}",
            "give another directory",
        )
    return values


def _named(root: Path, index: Mapping[str, Any], part: str) -> str | None:
    """The class of a part, as model_index.json names it; None where it says that there is none."""
    entry = index.get(part)
    if entry is None or entry == [None, None]:
        return None
    if not isinstance(entry, list) or len(entry) != 2 or not all(isinstance(e, str) for e in entry):
        raise AlphabarError(f"{root / INDEX}: `{part}: {quoted(entry)}` names no class", REMEDY)
    library, name = entry
    if library not in LIBRARIES:
        raise AlphabarError(
            f"{root / INDEX}: {part} is code of `{shortened(library)}`, which is not run",
            "give a directory whose parts are diffusers' and transformers' own",
        )
    return str(name)


def _tokenizer(root: Path, index: Mapping[str, Any], text: TextPart) -> None:
    named, folder = _named(root, index, text.tokenizer), root / text.tokenizer
    if named is None or not folder.is_dir() or not any(folder.iterdir()):
        raise AlphabarError(f"{root} has {text.encoder}/ without its {text.tokenizer}/", REMEDY)
    for path in (folder, *folder.iterdir()):
        refuse_outside(path, root)


def _whole(path: Path, key: str, value: object, low: int, high: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise AlphabarError(
            f"{path}: `{key}: {quoted(value)}` is no whole number within {low} and {high:,}", REMEDY
        )
    return value
