"""Where images come from. A new packaged source is one file here, one entry in `SOURCES`."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from components.data.sources import digits, openmoji

Files = Callable[[], Iterator[tuple[str, bytes]]]


@dataclass(frozen=True)
class Source:
    """A source of raw files, laid out as a Hugging Face ImageFolder.

    Attributes:
        files: for a packaged source: yields every raw file as (path inside ``data/<source>``,
            bytes), the same bytes on every machine; ``None`` when the user brings the files.
        vector: the images are SVG drawings, rendered at the requested size.
    """

    files: Files | None
    vector: bool = False


SOURCES: dict[str, Source] = {
    "digits": Source(digits.files),
    "openmoji": Source(openmoji.files, vector=True),
    "folder": Source(None),
}
"""The keys are those of `components.spec.sections.data.DataSpec.source`."""


def packaged_files() -> Iterator[tuple[str, bytes]]:
    """Every file of ``data/`` as (path inside it, bytes)."""
    for name, source in SOURCES.items():
        for path, content in source.files() if source.files else ():
            yield f"{name}/{path}", content
