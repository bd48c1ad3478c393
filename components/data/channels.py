"""How many channels images will have, before they are prepared."""

from collections.abc import Iterable
from pathlib import Path

from components.data.images import is_grey
from components.data.metadata import Row
from components.data.sources.folder import locate, read_rows
from components.spec.catalogue import SOURCES
from components.spec.sections.data import DataSpec


def channels_of(data: DataSpec, raw: Path, rows: Iterable[Row]) -> int:
    """1 where the headers of all images say grey values, else 3.

    Args:
        raw: the folder that the images lie in.
        rows: those of all styles, so that a network trained on one fits the other.

    Raises:
        AlphabarError: an image is missing or cannot be opened.
    """
    if SOURCES[data.source].vector:
        return 3
    return 1 if all(is_grey(locate(raw, row.file_name)) for row in rows) else 3


def channels_ahead(data: DataSpec, raw: Path) -> int | None:
    """As the catalogue says, or `channels_of`; None before there are files in ``raw``.

    Raises:
        AlphabarError: metadata or an image cannot be read.
    """
    if (known := SOURCES[data.source].channels) is not None:
        return known
    if not raw.is_dir():
        return None
    return channels_of(data, raw, read_rows(raw, data.caption_column, data.label_column))
