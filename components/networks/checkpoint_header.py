"""What rides in a checkpoint's header, held to the experiment's sections before it is used."""

from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from components.errors import AlphabarError
from components.spec.loading import readable
from components.spec.sections.base import Section
from components.spec.sections.network import ConditioningSpec, NetworkSpec
from components.spec.sections.process import ProcessSpec


class ImagesHeader(Section):
    """The images that the network makes."""

    size: int = Field(ge=4, le=1024, description="side of the square images, pixels")
    channels: int = Field(ge=1, le=4, description="1 for grey, 3 for RGB")
    classes: list[str] = Field(max_length=1_000_000, description="the classes' names")


class Header(BaseModel):
    """A checkpoint's header; other entries than these are only told, never built from."""

    model_config = ConfigDict(strict=True, extra="allow")

    process: ProcessSpec
    network: NetworkSpec
    conditioning: ConditioningSpec
    images: ImagesHeader
    captions: list[str] | None = Field(None, description="each class's caption")

    @model_validator(mode="after")
    def _parts_fit_together(self) -> "Header":
        if unfit := self.network.unfit(self.images.size):
            raise ValueError(f"`images.size: {self.images.size}` {unfit}")
        if self.captions and len(self.captions) != len(self.images.classes):
            raise ValueError("`captions` has not as many entries as `images.classes`")
        return self


def check_header(path: Path, header: dict[str, Any]) -> None:
    """Raise AlphabarError where the header of ``path`` describes no network that there can be."""
    try:
        Header.model_validate(header)
    except ValidationError as error:
        what = readable(error, f"the header of {path}", names=lambda _: []).what
        raise AlphabarError(
            what, "it is damaged, or of another version: train the model anew, or copy it again"
        ) from None
