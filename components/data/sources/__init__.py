"""Where images come from. A new packaged source is one file here, one entry in `SOURCES`, and its
line in the catalogue."""

from collections.abc import Callable, Iterator

from components.data.sources import digits, openmoji
from components.errors import AlphabarError
from components.spec.catalogue import SOURCES as CATALOGUE_SOURCES

Files = Callable[[], Iterator[tuple[str, bytes]]]
"""Yields every raw file as (path inside the source's folder, bytes), the same bytes on every
machine, laid out as a Hugging Face ImageFolder."""

SOURCES: dict[str, Files | None] = {
    "digits": digits.files,
    "openmoji": openmoji.files,
    "folder": None,
}
"""None where the user brings the files."""


def packaged_files() -> Iterator[tuple[str, bytes]]:
    """Every file of ``data/`` as (path inside it, bytes)."""
    for name, files in SOURCES.items():
        for path, content in files() if files else ():
            yield f"{name}/{path}", content


def plugin_files(name: str) -> Files:
    """A plug-in's files; nothing of it is imported before it is called."""

    def files() -> Iterator[tuple[str, bytes]]:
        found = CATALOGUE_SOURCES.function(name, {})
        if found is None:
            raise AlphabarError(f"the data source `{name}` is not installed", "install its package")
        with CATALOGUE_SOURCES.naming(name):
            yield from found()

    return files
