"""The section `codec`."""

from typing import Annotated

from pydantic import Field

from components.spec.sections.base import Section
from components.spec.sections.names import OneOf


class CodecSpec(Section):
    """What the process works on in the place of images."""

    kind: Annotated[str, OneOf("codecs")] = Field(
        "pixels", description="between images and what the process works on"
    )
