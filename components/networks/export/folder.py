"""A checkpoint as diffusers reads it: a whole pipeline in a folder, with what it takes to use it.

unet/ scheduler/            for diffusers; vae/ too for latents, and text_encoder/ tokenizer/
                            where captions are read
model.safetensors codec/    for alphabar, and pipeline.py, where diffusers has no such pipeline
model_index.json README.md licences.json
NAME.safetensors            the same in one file, where it is asked for
"""

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from components.errors import AlphabarError
from components.files.json_file import write_json
from components.licences import LICENCES, licence_files, licence_of_weights, licence_record
from components.networks.adapters import BARE, Worn, load_worn
from components.networks.checkpoint import Checkpoint
from components.networks.codecs.codec import ExportedCodec
from components.networks.conditioners.conditioner import negative_prompt
from components.networks.denoisers import DENOISERS, denoiser_of
from components.networks.export.export import OWN, Export
from components.networks.export.one_file import family_of, write_one_file
from components.networks.export.own_pipeline import write_own_pipeline
from components.networks.export.readme import readme
from components.networks.export.scheduler import Manner, diffusers_scheduler
from components.networks.export.stable_diffusion import pipeline_of, write_pipeline
from components.spec.catalogue import CODECS
from components.spec.licences import Licensed, licence_of_encoder


def save_diffusers(
    model: Path,
    out: Path,
    sampling: Mapping[str, Any],
    weights: Path | None = None,
    licences: Sequence[Licensed] = (),
    single_file: str | None = None,
    worn: Worn = BARE,
) -> Export:
    """Write the checkpoint in ``model`` into ``out``.

    Args:
        sampling: a sampling section: how the images that it is known by are drawn. Its steps,
            guidance scale, negative prompt and clipping go along, and its solver where that is
            DDIM (η = 0), what draws the same, or `dpmpp_2m`.
        weights: the folder in which an encoder's weights are looked for first.
        licences: of what the model was trained on.
        single_file: the name under which the model is written into one file, too; None for not.
        worn: adapters, which are baked in.

    Returns:
        What was written, and what of ``sampling`` the folder does not draw with.

    Raises:
        AlphabarError: the checkpoint is broken, or diffusers has nothing that draws the same, or
            one file cannot hold such a model, or it cannot be told the negative prompt.
    """
    length = sampling.get("ema_length")
    checkpoint = load_worn(model, worn, ema_length=length, weights=weights)
    if single_file is not None:
        _refuse_words(model, checkpoint)
    export = _prepared(model, checkpoint, sampling, licences)
    if single_file is None and export.pipeline == OWN:
        index = write_own_pipeline(export, out)
    elif single_file is None:
        index = write_pipeline(export, out, None)
    else:
        index = write_pipeline(export, out, family_of(export).vae_scale)
    write_json(out / "model_index.json", index)
    if single_file is not None:
        export = write_one_file(export, out, single_file)
    write_json(out / LICENCES, licence_record(export.licences))
    for path in licence_files(worn.base or model):
        shutil.copyfile(path, out / path.name)
    (out / "README.md").write_text(readme(export), encoding="utf-8")
    return export


def _prepared(
    model: Path,
    checkpoint: Checkpoint,
    sampling: Mapping[str, Any],
    licences: Sequence[Licensed],
) -> Export:
    own = licence_of_encoder(checkpoint.config.conditioning.model_dump())
    codec, network = _exported_codec(model, checkpoint), _exported_network(model, checkpoint)
    _refuse_unwalkable(model, checkpoint)
    manner = Manner.of(sampling, bounded=checkpoint.codec.bounded)
    steps = min(sampling["steps"], checkpoint.schedule.steps)
    scheduler = diffusers_scheduler(checkpoint, manner)
    if negative := sampling["negative_prompt"]:
        negative_prompt(checkpoint.conditioner, negative)
    told = checkpoint.conditioner.exported()
    theirs = [each for home in told.homes for each in licence_of_weights(home)]
    return Export(
        checkpoint,
        network,
        scheduler,
        told,
        codec,
        {**sampling, "steps": steps, "clip": manner.clip},
        manner.order,
        pipeline_of(network, scheduler, told, codec) or OWN,
        list(dict.fromkeys([*licences, *own, *theirs])),
    )


def _refuse_words(model: Path, checkpoint: Checkpoint) -> None:
    """Raise AlphabarError for words that only a tokenizer can tell, which one file has none of."""
    if words := [word for reader in checkpoint.conditioner.readers for word in reader.added]:
        raise AlphabarError(
            f"{model} was taught the word `{words[0]}`, and one file has no tokenizer to know it",
            "leave `--single-file` out, or the embedding",
        )


def _exported_codec(model: Path, checkpoint: Checkpoint) -> ExportedCodec:
    codec, kind = checkpoint.codec.exported(), checkpoint.config.codec.kind
    if codec is None:
        raise AlphabarError(
            f"{model} works on the latents of codec `{kind}`, which an exported pipeline has no "
            "decoder for",
            f"export a model whose `codec.kind` is another of {', '.join(CODECS)}",
        )
    return codec


def _exported_network(model: Path, checkpoint: Checkpoint) -> Any:
    """The model of diffusers that computes what the checkpoint's network does.

    Pipelines draw at its `sample_size`: that of the images that it was trained on, which one of
    others that has been trained further had not.
    """
    section = checkpoint.config.network
    exported = denoiser_of(section.model_dump()).exported
    if exported is None:
        able = ", ".join(name for name, denoiser in DENOISERS.items() if denoiser.exported)
        raise AlphabarError(
            f"{model} has a network of kind `{section.kind}`, which diffusers has no counterpart "
            "of",
            f"export a model whose `network.kind` is {able}",
        )
    network = exported(checkpoint.network)
    network.register_to_config(sample_size=checkpoint.codec.shape[-1])
    return network


def _refuse_unwalkable(model: Path, checkpoint: Checkpoint) -> None:
    if checkpoint.schedule.alphas_cumprod is not None:
        return
    from components.networks.exported.alphabar_scheduler import WALKS

    schedule = checkpoint.config.process.schedule
    if schedule not in WALKS:
        raise AlphabarError(
            f"{model} has the continuous schedule `{schedule}`, which an exported pipeline "
            "cannot walk",
            f"export a model whose `process.schedule` is a table, or {', '.join(WALKS)}",
        )
