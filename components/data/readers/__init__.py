"""What text encoders read of captions, known without their networks and without torch.

To add a kind of encoder that counts tokens: its line in `READERS`, by what stands before the colon
of its name.
"""

from collections.abc import Callable
from pathlib import Path

from components.data.readers.cut import (
    Cut,
    cut_of,
    cut_of_counted,
    cut_of_lengths,
    length_histogram,
)
from components.data.readers.encoder_folder import EncoderFolder, find_encoder
from components.data.readers.family import FAMILIES
from components.data.readers.minilm import minilm_reader
from components.data.readers.reader import Reader
from components.errors import AlphabarError
from components.spec.catalogue.networks import each_of

PROJECTION = "text_projection.weight"
"""Of the second of two CLIPs."""

Find = Callable[[str, Path | None], Reader]
"""(an encoder's name, the folder of weights that is looked through first) → its reader."""


def _in_folder(name: str, weights: Path | None) -> Reader:
    return find_encoder(name, weights).reader()


READERS: dict[str, Find] = {
    "minilm": lambda name, weights: minilm_reader(),
    **dict.fromkeys(FAMILIES, _in_folder),
}


def folders_of(encoder: str, weights: Path | None = None) -> tuple[EncoderFolder, ...]:
    """The folders that the encoders of `conditioning.encoder` are read from; empty where none is.

    Raises:
        AlphabarError: one is missing, or none of an encoder.
    """
    folders = tuple(
        find_encoder(name, weights)
        for name in each_of(encoder)
        if name.partition(":")[0] in FAMILIES
    )
    if len(folders) > 1:
        _refuse_unlike(*folders)
    return folders


def _refuse_unlike(first: EncoderFolder, second: EncoderFolder) -> None:
    """Raise AlphabarError unless the two can be read side by side, as SDXL does."""
    if first.limit != second.limit:
        raise AlphabarError(
            f"`{first.name}` reads {first.limit} tokens and `{second.name}` {second.limit}: their "
            "states do not stand side by side",
            "join two that read as many",
        )
    names = second.weights.names()
    if names is not None and PROJECTION not in names:
        raise AlphabarError(
            f"`{second.name}` in {second.home} has no projection ({PROJECTION}): it gives no "
            "vector of the whole caption, which the second of two CLIPs is read for",
            "give a CLIPTextModelWithProjection as the second, as SDXL's text_encoder_2 is",
        )


def readers_of(encoder: str, weights: Path | None = None) -> tuple[Reader, ...]:
    """The readers of `conditioning.encoder`, one for each encoder; empty where none counts tokens.

    Raises:
        AlphabarError: an encoder's folder is missing or not whole.
    """
    known = [(READERS.get(name.partition(":")[0]), name) for name in each_of(encoder)]
    return tuple(find(name, weights) for find, name in known if find is not None)


__all__ = [
    "READERS",
    "Cut",
    "EncoderFolder",
    "Reader",
    "cut_of",
    "cut_of_counted",
    "cut_of_lengths",
    "folders_of",
    "length_histogram",
    "readers_of",
]
