"""What text encoders read of captions, known without their networks and without torch.

To add a kind of encoder that counts tokens: its line in `READERS`, or in `FOLDERS` by what stands
before the colon of its name.
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
from components.data.readers.pipeline_folders import encoders_of, find_pipeline
from components.data.readers.reader import Reader
from components.errors import AlphabarError
from components.spec.catalogue.networks import each_of, given_of

PROJECTION = "text_projection.weight"
"""Of the second of two CLIPs."""

Folders = Callable[[str, Path | None], tuple[EncoderFolder, ...]]
"""(an encoder's name, the folder of weights that is looked through first) → its folders."""


def _of_pipeline(name: str, weights: Path | None) -> tuple[EncoderFolder, ...]:
    return encoders_of(find_pipeline(given_of(name), "conditioning.encoder", weights))


FOLDERS: dict[str, Folders] = {
    **dict.fromkeys(FAMILIES, lambda name, weights: (find_encoder(name, weights),)),
    "pipeline": _of_pipeline,
}


def folders_of(encoder: str, weights: Path | None = None) -> tuple[EncoderFolder, ...]:
    """The folders that the encoders of `conditioning.encoder` are read from; empty where none is.

    Raises:
        AlphabarError: one is missing, or none of an encoder.
    """
    found = (FOLDERS.get(name.partition(":")[0]) for name in each_of(encoder))
    named = zip(found, each_of(encoder), strict=True)
    folders = tuple(folder for find, name in named if find for folder in find(name, weights))
    if len(each_of(encoder)) > 1:
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
    own = READERS.get(encoder)
    return (own(),) if own else tuple(each.reader() for each in folders_of(encoder, weights))


READERS: dict[str, Callable[[], Reader]] = {"minilm": minilm_reader}
"""Of encoders that come with a package."""


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
