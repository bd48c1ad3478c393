"""The section `codec`."""

from typing import Annotated

from pydantic import AfterValidator, Field

from components.spec.catalogue import CODECS
from components.spec.sections.base import Section


def check_codec(name: str) -> str:
    """A codec's name; raises ValueError for any other."""
    if name not in CODECS:
        raise ValueError(f"`{name}` is no codec: choose from {', '.join(CODECS)}")
    return name


class CodecSpec(Section):
    """What the process works on in the place of images."""

    kind: Annotated[str, AfterValidator(check_codec)] = Field(
        "pixels", description="between images and what the process works on"
    )
