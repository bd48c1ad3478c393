"""The section `data`."""

from typing import Annotated, Any

from pydantic import Field, model_validator

from components.spec.catalogue import SOURCES
from components.spec.choices import Choices
from components.spec.sections.base import MOST_SEED, Section, Slug, Unkeyed
from components.spec.sections.names import OneOf, unknown_name


class DataSpec(Section):
    """Which images, at which size, and how they are split."""

    source: Annotated[str, OneOf("sources")] = Field(description="where the images come from")
    name: Slug | None = Field(None, description="source `folder`: the name given to `data add`")
    style: str | None = Field(None, description="digits: regular, bold; openmoji: color, line")
    size: int = Field(8, ge=4, le=1024, description="side of the square images, pixels")
    fit: Annotated[str, OneOf("fits")] = Field(
        "crop", description="how an image that is not square becomes one"
    )
    flip: bool = Field(
        False, description="train on mirrored copies, too: at each step half of the images are one"
    )
    holdout: float = Field(0.1, gt=0.0, lt=0.9, description="share of the images held out")
    split_seed: int = Field(0, ge=0, le=MOST_SEED, description="seed of the split's hash")
    images: int | None = Field(
        None,
        ge=1,
        le=100_000_000,
        exclude_if=lambda images: images is None,
        description="train on so many of those that are not held out, by the split's hash; none: "
        "all",
    )
    caption_column: str = Field("caption", description="metadata column with the caption")
    label_column: str = Field("label", description="metadata column with the class, if any")
    license: Annotated[str | None, Unkeyed()] = Field(
        None,
        min_length=1,
        max_length=500,
        description="under what terms the images are given on; model cards and studies say it",
    )

    @classmethod
    def plugged(cls) -> tuple[str, Choices[Any]]:
        return "source", SOURCES

    def unread(self) -> frozenset[str]:
        return frozenset({"fit"} if SOURCES[self.source].square else ())

    @model_validator(mode="before")
    @classmethod
    def _default_style(cls, values: Any) -> Any:
        if isinstance(values, dict) and values.get("style") is None:
            source = SOURCES.get(str(values.get("source")))
            if source is not None and source.styles:
                values = {**values, "style": source.styles[0]}
        return values

    @model_validator(mode="after")
    def _style_and_name_fit_the_source(self) -> "DataSpec":
        if SOURCES[self.source].named != (self.name is not None):
            raise ValueError("`name` is given with source `folder`, and only with it")
        check_style(self.source, self.style)
        return self


def check_style(source: str, style: str | None, field: str = "style") -> None:
    """Raise PydanticCustomError unless ``style``, given as ``field``, is one of ``source``'s."""
    styles = SOURCES[source].styles
    if style is not None and styles and style not in styles:
        raise unknown_name(field, style, styles)
