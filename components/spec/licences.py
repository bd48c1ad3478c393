"""What is licensed, and how it is said."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from components.spec.catalogue import CONDITIONERS, SOURCES
from components.spec.catalogue.entries import Licence
from components.spec.sections.data import DataSpec


@dataclass(frozen=True)
class Licensed:
    """A licence and what is under it, in words: ``images (openmoji)``."""

    of: str
    licence: Licence

    @property
    def words(self) -> str:
        """A line of plain text."""
        licence = self.licence
        named = f"{licence.name} ({licence.url})" if licence.url else licence.name
        parts = (named, licence.attribution, licence.terms)
        return f"{self.of}: " + " ".join(f"{part.rstrip('.')}." for part in parts if part)


def images_words(data: DataSpec) -> str:
    """What the images of a section `data` are called."""
    return f"images ({data.name or data.source})"


def licence_of_data(data: DataSpec) -> list[Licensed]:
    """Of the images that a section `data` takes: what it says itself, else what is known of the
    source; empty where nothing is."""
    known = SOURCES[data.source].licence
    licence = Licence(data.license) if data.license else known
    return [Licensed(images_words(data), licence)] if licence else []


def licence_of_encoder(conditioning: Mapping[str, Any]) -> list[Licensed]:
    """Of the text encoder of a section `conditioning`, where it comes with a package."""
    licence = CONDITIONERS[conditioning["encoder"]].licence
    return [Licensed("text encoder", licence)] if licence else []
