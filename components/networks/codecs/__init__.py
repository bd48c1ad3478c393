"""Codecs by kind. To add one: write its file, add its line here and in the spec's catalogue."""

from collections.abc import Callable
from pathlib import Path

from components.networks.codecs.autoencoder import Autoencoder
from components.networks.codecs.codec import Codec, Shape
from components.networks.codecs.pixels import Pixels
from components.spec.sections.codec import CodecConfig

Make = Callable[[CodecConfig, Shape, Path | None], Codec]
"""(what a model says of it, the images' shape, the model's folder) → the codec."""

CODECS: dict[str, Make] = {
    "pixels": lambda config, shape, folder: Pixels(config, shape),
    "autoencoder": Autoencoder,
}


def build_codec(config: CodecConfig, image_shape: Shape, folder: Path | None = None) -> Codec:
    """The codec of a model for images of ``image_shape``.

    Args:
        folder: the model's, where the codec's weights lie, if it has such.
    """
    return CODECS[config.kind](config, image_shape, folder)


__all__ = ["CODECS", "Codec", "Shape", "build_codec"]
