"""Captions as a diffusers pipeline reads them, by its family's convention."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import torch
from torch import Tensor

from components.data.readers import EncoderFolder
from components.data.readers.pipeline_folders import encoders_of, find_pipeline
from components.errors import AlphabarError
from components.networks.conditioners.conditioner import Exported, Given
from components.networks.conditioners.encoders import TextEncoder
from components.networks.conditioners.encoders.convention import (
    FLUX_CLIP,
    SD_CLIP,
    SDXL_CLIP,
    SDXL_CLIP_2,
    T5_PADDED,
    Convention,
)
from components.networks.conditioners.encoders.in_folder import encoder_in
from components.networks.conditioners.encoders.joined import JoinedEncoder
from components.networks.conditioners.encoders.of_pipelines import FluxEncoder, SD3Encoder
from components.networks.conditioners.exported_text import exported_text
from components.networks.conditioners.in_folders import part_of, refuse_other_encoders
from components.networks.conditioners.rows import TIME_IDS, Rows
from components.networks.conditioners.text import Export, TextCondition
from components.spec.catalogue.networks import given_of
from components.spec.pipelines.families import SD3_POSITIONS
from components.spec.pipelines.folder import PipelineFolder

Parts = Sequence[TextEncoder]

ZEROED = "force_zeros_for_empty_prompt"
"""In model_index.json: whether the absent condition is zeros."""


@dataclass(frozen=True)
class Joined:
    """How a family reads captions.

    Attributes:
        conventions: of its encoders, in their order.
        join: (the encoders, the pipeline, side of the images) → what the network is told by.
        exported: whether a folder for diffusers can have them.
    """

    conventions: tuple[Convention, ...]
    join: Callable[[Parts, PipelineFolder, int], TextEncoder]
    exported: bool = False


def _sd3(parts: Parts, pipeline: PipelineFolder, size: int) -> TextEncoder:
    one, two, *more = parts
    width = int(pipeline.network["joint_attention_dim"])
    t5 = more[0] if more else None
    return SD3Encoder((one, two), t5, positions=SD3_POSITIONS, width=width)


JOINED: dict[str, Joined] = {
    "one": Joined((SD_CLIP,), lambda parts, pipeline, size: parts[0], exported=True),
    "sdxl": Joined(
        (SDXL_CLIP, SDXL_CLIP_2),
        lambda parts, pipeline, size: JoinedEncoder(parts[0], parts[1], size),
        exported=True,
    ),
    "sd3": Joined((SDXL_CLIP_2, SDXL_CLIP_2, T5_PADDED), _sd3),
    "flux": Joined((FLUX_CLIP, T5_PADDED), lambda parts, pipeline, size: FluxEncoder(*parts)),
}
"""`components.spec.pipelines.families.Family.joined` → how."""


@dataclass(frozen=True)
class ZeroedText(TextCondition):
    """Captions whose absent condition is zeros in the place of the empty caption's states, as
    `force_zeros_for_empty_prompt` asks for."""

    def null(self, count: int) -> Rows:
        return self._without(super().null(count), torch.ones(count, dtype=torch.bool))

    def _without(self, rows: Rows, absent: Tensor) -> Rows:
        return {
            name: row if name == TIME_IDS else _zeroed(row, absent) for name, row in rows.items()
        }


def _zeroed(row: Tensor, where: Tensor) -> Tensor:
    return row.masked_fill(where.to(row.device).view(-1, *(1,) * (row.ndim - 1)), 0)


def pipeline_text(
    pipeline: PipelineFolder, given: Given, max_tokens: int | None = None
) -> TextCondition:
    """The conditioner of ``pipeline``."""
    how, folders = JOINED[pipeline.family.joined], encoders_of(pipeline)
    parts = [
        encoder_in(folder, convention, given.device)
        for folder, convention in zip(folders, how.conventions, strict=False)
    ]
    encoder = how.join(parts, pipeline, given.size or pipeline.size)
    kind = ZeroedText if pipeline.zeroed else TextCondition
    export = partial(_exported, pipeline, folders) if how.exported else _refusal(pipeline)
    return kind(encoder, max_tokens, tuple(given.captions), export)


def _exported(
    pipeline: PipelineFolder,
    folders: Sequence[EncoderFolder],
    encoder: TextEncoder,
    captions: Sequence[str],
) -> Exported:
    words = f"the text encoders of {pipeline.family.words}"
    parts = [part_of(*each) for each in zip(folders, encoder.parts, strict=True)]
    found = exported_text(words, parts, encoder.form, captions, pipeline.kind)
    settings = {ZEROED: pipeline.zeroed} if pipeline.family.zeroed else {}
    return replace(found, settings=settings)


def _refusal(pipeline: PipelineFolder) -> Export:
    def refuse(encoder: TextEncoder, captions: Sequence[str]) -> Exported:
        raise AlphabarError(
            f"{pipeline.root} is of {pipeline.family.words}, which is not exported",
            "give diffusers the directory itself, or export Stable Diffusion 1.x, 2.x or XL",
        )

    return refuse


def of_pipeline(
    given: Given, *, encoder: str, max_tokens: int | None, digests: Sequence[str] = ()
) -> TextCondition:
    """A model that is told captions as the pipeline ``pipeline:DIR_OR_ID`` is.

    Raises:
        AlphabarError: there is none, or its encoders are not those that ``digests`` are of.
    """
    pipeline = find_pipeline(given_of(encoder), "conditioning.encoder", given.weights)
    refuse_other_encoders(encoders_of(pipeline), digests)
    return pipeline_text(pipeline, given, max_tokens)
