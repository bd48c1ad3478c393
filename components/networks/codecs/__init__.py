"""Codecs by kind. To add one: write its file, add its line here and in the spec's catalogue."""

from collections.abc import Callable

from components.networks.codecs.codec import Codec, Shape
from components.networks.codecs.pixels import Pixels
from components.spec.sections.codec import CodecSpec

CODECS: dict[str, Callable[[CodecSpec, Shape], Codec]] = {"pixels": Pixels}
"""Kind → (its section, the images' shape) → the codec."""


def build_codec(spec: CodecSpec, image_shape: Shape) -> Codec:
    """The codec of a ``codec`` section for images of ``image_shape``."""
    return CODECS[spec.kind](spec, image_shape)


__all__ = ["CODECS", "Codec", "Shape", "build_codec"]
