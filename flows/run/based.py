"""What the model of `finetune.base` says of an experiment, and what of the file contradicts it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from components.data.channels import channels_ahead
from components.data.pin import USERS, raw_folder
from components.data.readers.pipeline_folders import find_pipeline
from components.data.sources.folder import read_rows
from components.errors import AlphabarError, quoted, shortened
from components.licences import licence_record, licences_of
from components.networks.checkpoint_header import read_config
from components.spec.catalogue import CODECS, CONDITIONERS, DENOISERS
from components.spec.experiment import Experiment
from components.spec.loading import validate
from components.spec.model_config import ImagesSpec, ModelConfig
from components.spec.model_folder import content_digest, own_sampling
from components.spec.pipelines.folder import PipelineFolder, is_pipeline
from components.spec.sections.network import FOREIGN
from flows.run.pretrained import process_of, refuse_odd_size
from flows.run.trained_files import refuse_broken
from flows.tools.models import find_given
from flows.workspace import Workspace

KEY = "finetune.base"
OF_TRAINING = ("dropout", "max_tokens")
"""Keys of `conditioning` that a diffusers directory does not say: how captions are trained on."""


@dataclass(frozen=True)
class Base:
    """A model that is there already.

    Attributes:
        name: as the file has it.
        folder: where it lies here.
        sections: what it says of itself, by section of the experiment file.
        pipeline: of one in diffusers' format.
        images: that it draws; None of one in diffusers' format, which may draw other sizes.
    """

    name: str
    folder: Path
    sections: Mapping[str, Mapping[str, Any]]
    pipeline: PipelineFolder | None = None
    images: ImagesSpec | None = None

    @property
    def said(self) -> str:
        """The key and its value, for messages."""
        return f"`{KEY}: {shortened(self.name, 200)}`"

    @property
    def sampling(self) -> Mapping[str, Any]:
        """How it is drawn from unless somebody says otherwise."""
        return own_sampling(self.folder)


def find_base_of(experiment: Experiment, workspace: Workspace) -> Base | None:
    """The model of the experiment's `finetune.base`; None where it names none.

    Raises:
        AlphabarError: there is no such model, it is an adapter, or it is not whole.
    """
    if (name := experiment.base) is None:
        return None
    folder = find_given(name, workspace)
    if not is_pipeline(folder):
        config = read_config(folder)
        return Base(name, folder, _of_header(config, name), images=config.images)
    pipeline = find_pipeline(name, KEY, workspace.weights)
    for part in pipeline.weighty:
        refuse_broken(pipeline.weights(part))
    sections = {
        "codec": {"kind": _LATENTS, "pretrained": str(folder)},
        "conditioning": {"encoder": f"pipeline:{name}"},
        "network": {"kind": FOREIGN, "pretrained": name},
        "process": process_of(pipeline),
    }
    return Base(name, folder, sections, pipeline)


_LATENTS = next(name for name, entry in CODECS.items() if "pretrained" in entry.options)


def _of_header(config: ModelConfig, name: str) -> dict[str, dict[str, Any]]:
    """What a model of ours says, as sections of an experiment file."""
    network = config.network.model_dump(exclude={"model", "config", "pretrained"})
    if DENOISERS[config.network.kind].foreign:
        network = {"kind": config.network.kind, "pretrained": name}
    return {
        "codec": config.codec.model_dump(exclude={"digest"}, exclude_none=True),
        "conditioning": config.conditioning.model_dump(exclude={"digests"}),
        "network": network,
        "process": config.process.model_dump(exclude_unset=True),
    }


def as_base_says(experiment: Experiment, base: Base) -> Experiment:
    """The experiment with what its base says filled in.

    Raises:
        AlphabarError: the file contradicts the base, or images of its size are not drawn by it.
    """
    values = experiment.as_written()
    for section, own in base.sections.items():
        free = OF_TRAINING if section == "conditioning" and base.pipeline else ()
        _refuse_contradicted(experiment, section, free, base)
        kept = {key: v for key, v in values.get(section, {}).items() if key in free}
        values[section] = {**own, **kept}
    _refuse_other_size(experiment.data.size, base)
    return validate(values, f"the experiment, with {base.said}")


def refuse_other_images(experiment: Experiment, base: Base, root: Path) -> None:
    """Raise AlphabarError where the data's images have other channels than a base of ours draws,
    or other classes than it is told; where data is not there yet, the stages will say so.

    Args:
        root: the project's folder.
    """
    if base.images is None:
        return
    data = experiment.data
    raw = raw_folder(data, root).folder
    channels = channels_ahead(data, raw)
    if channels is not None and channels != base.images.channels:
        raise AlphabarError(
            f"{base.said} draws images of {base.images.channels} channels, and the data's have "
            f"{channels}",
            "give another base, or other `data`",
        )
    if not CONDITIONERS[experiment.conditioning.encoder].labels or not raw.is_dir():
        return
    from components.data.prepare import class_names  # which loads numpy

    found = list(class_names(read_rows(raw, data.caption_column, data.label_column)))
    if found != base.images.classes:
        own, theirs = (", ".join(names) or "none" for names in (base.images.classes, found))
        raise AlphabarError(
            f"{base.said} is told the classes {shortened(own, 200)}, and the data has "
            f"{shortened(theirs, 200)}",
            "give data of the same classes, or a base that reads captions",
        )


def content_of(base: Base, workspace: Workspace) -> dict[str, Any]:
    """What keys have of ``base``: digest and licences."""
    datasets = workspace.root / USERS
    licences = licences_of(base.folder, workspace.store_root, datasets)
    return {"sha256": content_digest(base.folder), "licences": licence_record(licences)}


def _refuse_contradicted(
    experiment: Experiment, section: str, free: tuple[str, ...], base: Base
) -> None:
    given, own = getattr(experiment, section), base.sections[section]
    for key in sorted(given.model_fields_set - set(free)):
        value = getattr(given, key)
        if key in own and own[key] == value:
            continue
        instead = f"which says {quoted(own[key])}" if key in own else f"which has its own {section}"
        raise AlphabarError(
            f"`{section}.{key}: {quoted(value)}` contradicts {base.said}, {instead}",
            f"leave `{section}.{key}` out: the base says it",
        )


def _refuse_other_size(size: int, base: Base) -> None:
    if base.pipeline is not None:
        refuse_odd_size(size, base.pipeline, base.said)
    elif base.images is not None and base.images.size != size:
        raise AlphabarError(
            f"{base.said} draws images of {base.images.size} pixels, and `data.size` is {size}",
            f"give `data.size: {base.images.size}`",
        )
