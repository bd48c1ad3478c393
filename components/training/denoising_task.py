"""Training a denoiser: what is usual, and what a kind of fine-tune may put in its place."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import torch
from torch import nn

from components.data.arrays import (
    DatasetInfo,
    EntryClasses,
    counted_captions,
    load_captions,
    load_info,
)
from components.data.readers.prepared import cut_of_prepared
from components.networks.checkpoint import Checkpoint, save_checkpoint
from components.networks.ema_snapshots import write_snapshot
from components.runtime import Runtime
from components.spec.sections.training import TrainingSpec
from components.training.batches import TrainingSet
from components.training.denoising_loss import DenoisingLoss
from components.training.latents import MIRRORED, drawn, load_encoded
from components.training.live_text import WithText, trained_model
from components.training.sampled_look import LookAt, SampledLook, Sees, with_network
from components.training.stored import Mirrored, StoredImages
from components.training.task import Inputs, Objective, Save, Task, every_weight


def denoising_task(
    model: Checkpoint,
    training: TrainingSpec,
    *,
    objective: Objective | None = None,
    trains: Callable[[str], bool] = every_weight,
    save: Save | None = None,
    data: Callable[[Checkpoint, TrainingSpec, Inputs], TrainingSet] | None = None,
    live: Checkpoint | None = None,
    look: LookAt | None = None,
) -> Task:
    """The task of training ``model``.

    Args:
        objective: in the place of the denoising loss.
        trains: as `Task` has it; every weight, unless it says otherwise.
        save: how weights are kept; as a checkpoint that needs no other.
        data: what is trained on; the training split of the prepared ``data``.
        live: the model with its text encoders in the network (`live_text.live_model`), where they
            are trained, too.
        look: makes what evaluates the run; samples of the holdout's prompts.
    """
    trained, seen = (live, trained_model) if live else (model, with_network)
    kernels = trained.network.denoiser if isinstance(trained.network, WithText) else trained.network

    def snapshot(folder: Path, average: nn.Module, sigma_rel: float, step: int) -> None:
        write_snapshot(folder, model.config, average, sigma_rel, step)

    return Task(
        trained.network,
        objective or DenoisingLoss(trained, training),
        partial(data or training_images, trained, training),
        partial(look or partial(_holdout_look, model), seen=seen),
        save or partial(_save_whole, model),
        snapshot,
        trains,
        random_layers=model.config.network.dropout > 0,
        facts=partial(_of_data, model),
        kernels=kernels,
    )


def _holdout_look(
    model: Checkpoint,
    training: TrainingSpec,
    inputs: Inputs,
    runtime: Runtime,
    device: torch.device,
    extractor: str | None,
    seen: Sees,
) -> SampledLook:
    return SampledLook.over(model, training, inputs, runtime, extractor, seen)


def training_images(model: Checkpoint, training: TrainingSpec, inputs: Inputs) -> TrainingSet:
    """The training split of the prepared ``data``, each image with its conditions; where it is
    ``encoded``, an x0 drawn from each one's normal, anew in every step."""
    data, shape = inputs["data"], model.codec.shape
    captions, flip = load_captions(data, "train"), load_info(data).flip
    classes = EntryClasses(data, "train", captions)
    rows = model.conditioner.table(classes, captions.entries)
    if "encoded" in inputs:
        encoded = inputs["encoded"]
        mirrored = load_encoded(encoded, shape, MIRRORED) if flip else None
        draw = partial(drawn, training.seed)
        return TrainingSet(load_encoded(encoded, shape), draw, rows, captions, mirrored)
    images = StoredImages.of_data(data)
    turned = Mirrored(images) if flip else None
    return TrainingSet(
        images, lambda step, stored: model.codec.encode(stored), rows, captions, turned
    )


def _save_whole(model: Checkpoint, folder: Path, network: nn.Module) -> None:
    save_checkpoint(folder, model.config, network, model.codec)


def _of_data(model: Checkpoint, inputs: Inputs) -> dict[str, int]:
    """What was made of the data's images and captions, as `components.data.summary` words it."""
    info = load_info(inputs["data"])
    found = {f"images_fit_by_{info.fit}": info.not_square, "images_mirrored": int(info.flip)}
    read = _of_captions(model, inputs["data"], info)
    found["several_captions"] = info.several_captions if read else 0
    return {name: count for name, count in found.items() if count} | read


def _of_captions(model: Checkpoint, data: Path, info: DatasetInfo) -> dict[str, int]:
    """At which length captions were read, where the model counts tokens, and how many were cut."""
    most, readers = model.config.conditioning.max_tokens, model.conditioner.readers
    if not readers:
        return {}
    counted = partial(counted_captions, data)
    cut = cut_of_prepared(info.caption_tokens, counted, readers, most)
    limit = cut.limit if most else min(cut.longest, cut.limit)
    return {"caption_tokens": limit, "captions_cut": cut.cut}
