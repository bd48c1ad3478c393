"""What each annotator is shown: the published pages, with their images apart from them."""

import base64
import binascii
import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from components.errors import AlphabarError, shortened
from components.files.json_file import parse_json
from components.files.manifest import intact
from components.files.text_file import read_text
from components.preference.about import About
from components.preference.design.key import Key

PAGES = "annotator-*.html"
MOST_BYTES = 2**30
"""Of one page."""

IMAGES = "/images/"
"""How the addresses of images begin."""

REMEDY = "export the study again"

_CONTENT = re.compile(r'<script\b[^>]*\bid="content"[^>]*>(.*?)</script>', re.DOTALL)
_IMAGE = re.compile(r"data:(image/(?:png|jpeg|webp));base64,")


@dataclass(frozen=True)
class Image:
    """An image: its media type and its bytes."""

    kind: str
    content: bytes


@dataclass(frozen=True)
class Slot:
    """What one annotator is shown.

    Attributes:
        number: the annotator's, from 1.
        content: of the page, with the addresses of images in their places.
        items: names of what is asked about, in their order.
        images: name → the image. A name says nothing, and no two showings have the same one.
    """

    number: int
    content: Mapping[str, Any]
    items: tuple[str, ...]
    images: Mapping[str, Image]


def read_slots(folder: Path, about: About, key: Key, named: Callable[..., str]) -> tuple[Slot, ...]:
    """What every annotator of a study is shown, by number.

    Args:
        named: gives an image its name, by the annotator's number and the image's place.

    Raises:
        AlphabarError: a page is missing, damaged or of another study.
    """
    known: dict[bytes, Image] = {}
    slots = [_slot(path, key, named, known) for path in sorted(folder.glob(PAGES))]
    slots.sort(key=lambda slot: slot.number)
    if [slot.number for slot in slots] != list(range(1, about.people + 1)):
        raise AlphabarError(
            f"{folder} has pages of {len(slots)} annotators, not of {about.people}", REMEDY
        )
    return tuple(slots)


def _slot(path: Path, key: Key, named: Callable[..., str], known: dict[bytes, Image]) -> Slot:
    found = _CONTENT.search(read_text(intact(path), most=MOST_BYTES, remedy=REMEDY))
    try:
        content = parse_json(found[1] if found else "")
        number, items = content["slot"], tuple(each["item"] for each in content["items"])
        whose = {name for name, item in key.items.items() if item.slot in (number - 1, None)}
        fits = content["version"] == 2 and content["study"] == key.study and bool(items)
        if not fits or not set(items) <= whose or len(set(items)) < len(items):
            raise ValueError("it is of another study than the key")
        images: dict[str, Image] = {}

        def apart(value: Any, place: str) -> Any:
            """``value`` with names in the place of images, which are put aside."""
            if isinstance(value, dict):
                return {name: apart(each, f"{place}/{name}") for name, each in value.items()}
            if isinstance(value, list):
                return [apart(each, f"{place}/{turn}") for turn, each in enumerate(value)]
            if not isinstance(value, str) or not (match := _IMAGE.match(value)):
                return value
            name = named("image", number, place)
            images[name] = _image(match[1], value[match.end() :], known)
            return f"{IMAGES}{name}"

        return Slot(number, apart(content, ""), items, images)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise AlphabarError(
            f"{path} is no page of this study: {shortened(error)}", REMEDY
        ) from None


def _image(kind: str, text: str, known: dict[bytes, Image]) -> Image:
    """The image, which is kept once however many pages show it."""
    try:
        content = base64.b64decode(text, validate=True)
    except binascii.Error:
        raise ValueError("it has an image that is no base64") from None
    return known.setdefault(hashlib.sha256(content).digest(), Image(kind, content))
