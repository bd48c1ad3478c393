"""What a directory of `network.pretrained` says of an experiment: its process, and, unless the file
says otherwise, its autoencoder and its text encoders."""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from components.data.readers import folders_of
from components.data.readers.pipeline_folders import find_pipeline
from components.errors import AlphabarError, quoted
from components.files.hub import find_folder
from components.spec.catalogue import CONDITIONERS
from components.spec.experiment import Experiment
from components.spec.loading import validate
from components.spec.pipelines.folder import PipelineFolder
from flows.run.trained_files import refuse_broken

KEY = "network.pretrained"


def network_hashes(weights: Path | None) -> Callable[[str], str]:
    """A function that gives the digest of the network in a directory of `network.pretrained`.

    Args:
        weights: the folder that is looked through first.
    """

    @cache
    def of_network(name: str) -> str:
        return find_pipeline(name, KEY, weights).network_digest

    return of_network


def as_directory_says(experiment: Experiment, root: Path, weights: Path | None) -> Experiment:
    """The experiment with what the directory of its `network.pretrained` says filled in; as it is
    where it names none.

    Args:
        root: the project's folder.
        weights: the folder that is looked through first.

    Raises:
        AlphabarError: there is no such directory, it is not whole, or the file contradicts it.
    """
    name = experiment.network.pretrained
    if name is None:
        return experiment
    _refuse_swept(experiment)
    pipeline = find_pipeline(name, KEY, weights)
    for part in pipeline.weighty:
        refuse_broken(pipeline.weights(part))
    values = experiment.as_written()
    values["process"] = _process(experiment, pipeline)
    if "encoder" not in experiment.conditioning.model_fields_set:
        values.setdefault("conditioning", {})["encoder"] = f"pipeline:{name}"
    if not experiment.codec.model_fields_set:
        values["codec"] = {"pretrained": str(find_folder(name, root, weights))}
    settled = validate(values, f"the experiment, with {KEY}: {name}")
    _refuse_other_latents(settled, pipeline)
    _refuse_other_text(settled, pipeline, weights)
    if settled.codec.pretrained is not None:
        refuse_odd_size(settled.data.size, pipeline, f"`{KEY}: {name}`")
    return settled


def _process(experiment: Experiment, pipeline: PipelineFolder) -> dict[str, Any]:
    """The section `process`; raises AlphabarError where the file says it otherwise."""
    own = process_of(pipeline)
    said = experiment.process
    for key in sorted(said.model_fields_set):
        value = getattr(said, key)
        if key in own and own[key] != value:
            raise AlphabarError(
                f"`process.{key}: {quoted(value)}` contradicts {pipeline.scheduler_path}, which "
                f"says {quoted(own[key])}",
                f"leave `process.{key}` out: `{KEY}` says it",
            )
    return own


def process_of(pipeline: PipelineFolder) -> dict[str, Any]:
    """What its scheduler says, as the section `process`."""
    own = pipeline.scheduler.process.model_dump(mode="python")
    own.setdefault("steps_offset", pipeline.scheduler.process.steps_offset)
    return own


def _refuse_swept(experiment: Experiment) -> None:
    """Raise AlphabarError where cells differ in what the directory says."""
    paths = {*experiment.sweep, *(path for cell in experiment.cells for path in cell)}
    paths |= {path for cell in experiment.also for path in cell}
    swept = sorted(path for path in paths if path == KEY or path.startswith("process."))
    if swept:
        raise AlphabarError(
            f"`{swept[0]}` cannot differ among cells: `{KEY}` says it for all of them",
            "write an experiment file for each",
        )


def _refuse_other_latents(experiment: Experiment, pipeline: PipelineFolder) -> None:
    """Raise AlphabarError where the codec is known not to make what the network reads."""
    read = int(pipeline.network["in_channels"]) // pipeline.family.packed
    codec = experiment.codec
    made = None if codec.pretrained else codec.latent_channels if codec.learnt else 0
    if made is not None and made != read:
        what = f"latents of {made} channels" if made else "no latents"
        raise AlphabarError(
            f"the network of `{KEY}: {experiment.network.pretrained}` reads latents of {read} "
            f"channels, and codec `{codec.kind}` makes {what}",
            "leave `codec` out, so that it is the directory's own, or give its folder",
        )


def _refuse_other_text(
    experiment: Experiment, pipeline: PipelineFolder, weights: Path | None
) -> None:
    """Raise AlphabarError where the encoder is known not to tell what the network reads."""
    encoder = experiment.conditioning.encoder
    entry, folders = CONDITIONERS[encoder], folders_of(encoder, weights)
    if not entry.captions:
        given = "which tells no captions"
    else:
        width = entry.width or sum(folder.width for folder in folders)
        if entry.whole or not width or width == pipeline.text_width:
            return
        given = f"whose states are {width} wide"
    raise AlphabarError(
        f"the network of `{KEY}: {experiment.network.pretrained}` reads text states of width "
        f"{pipeline.text_width}, and not `conditioning.encoder: {encoder}`, {given}",
        "leave `conditioning.encoder` out, so that it is the directory's own",
    )


def refuse_odd_size(size: int, pipeline: PipelineFolder, named: str) -> None:
    """Raise AlphabarError where the directory's autoencoder and network cannot take images of
    ``size`` pixels.

    Args:
        named: where the file names the directory.
    """
    multiple = pipeline.factor * pipeline.patch
    most = pipeline.network.get("pos_embed_max_size")
    if size % multiple or (most is not None and size // multiple > most):
        beyond = f", at most {most * multiple}" if most is not None else ""
        raise AlphabarError(
            f"`data.size: {size}` does not fit {named}, which takes multiples of {multiple} "
            f"pixels{beyond}",
            "choose another `data.size`",
        )
