"""What a checkpoint says of itself: the sections and the images that it is rebuilt from.

It rides in the header of every file of weights as JSON.
"""

from collections.abc import Mapping
from typing import Any

from pydantic import Field, ValidationError, model_validator

from components.errors import AlphabarError, shortened
from components.spec.loading import readable
from components.spec.sections.base import Section
from components.spec.sections.codec import CodecConfig
from components.spec.sections.network import (
    ConditioningConfig,
    NetworkConfig,
    refuse_unfit,
    refuse_unsound,
)
from components.spec.sections.process import ProcessSpec

VERSION = 1
"""Of the header; raised when what it says changes."""


class ImagesSpec(Section):
    """The images that a model draws."""

    size: int = Field(ge=4, le=1024, description="side of the square images, pixels")
    channels: int = Field(ge=1, le=4, description="1 for grey, 3 for RGB")
    classes: list[str] = Field(max_length=1_000_000, description="the classes' names")
    captions: list[str] = Field(
        default_factory=list,
        description="what each class is asked for by; empty for images without classes",
    )

    @property
    def shape(self) -> tuple[int, int, int]:
        """(channel, height, width)."""
        return self.channels, self.size, self.size

    @model_validator(mode="after")
    def _every_class_has_a_caption(self) -> "ImagesSpec":
        if self.captions and len(self.captions) != len(self.classes):
            raise ValueError("`captions` has not as many entries as `classes`")
        return self


class ModelConfig(Section):
    """A model: what it works on, what it is told, its network, its process, its images."""

    version: int = Field(VERSION, ge=VERSION, le=VERSION)
    codec: CodecConfig
    conditioning: ConditioningConfig
    network: NetworkConfig
    process: ProcessSpec
    images: ImagesSpec

    @model_validator(mode="after")
    def _the_network_fits_what_it_sees_and_is_told(self) -> "ModelConfig":
        refuse_unsound(self.network, self.conditioning)
        refuse_unfit(self.network, self.codec, self.images.size, "images.size")
        return self


def new_config(sections: Mapping[str, Any]) -> ModelConfig:
    """The configuration of a new model; raises AlphabarError where its parts do not fit."""
    try:
        return ModelConfig.model_validate({"version": VERSION, **sections})
    except ValidationError as error:
        raise AlphabarError(
            readable(error, "the model", names=lambda _: []).what,
            "choose another `data.size`, another `codec`, or other `network` settings",
        ) from None


def parse_config(header: Mapping[str, Any], origin: str) -> ModelConfig:
    """The configuration in a checkpoint's ``header``.

    Args:
        origin: what a message calls the place that it comes from.

    Raises:
        AlphabarError: it is of another version, or describes no model that there can be.
    """
    version = header.get("version")
    if isinstance(version, int) and version > VERSION:
        raise AlphabarError(
            f"{origin} is of version {shortened(version)}, and this alphabar reads version "
            f"{VERSION}: a newer alphabar wrote it",
            "use an alphabar that is as new",
        )
    remedy = (
        "it is damaged, or of another version, or of a plug-in that is not installed: install its "
        "package, copy the file again, or train the model anew"
    )
    if version != VERSION:
        raise AlphabarError(f"{origin} is wrong: `version: {shortened(version)}`", remedy)
    try:
        return ModelConfig.model_validate(header)
    except ValidationError as error:
        raise AlphabarError(readable(error, origin, names=lambda _: []).what, remedy) from None
