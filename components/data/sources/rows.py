"""One row of a metadata file: what it says of its image, or what is wrong with it."""

import math
import unicodedata
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from components.data.metadata import Row
from components.data.splits import split_of
from components.errors import AlphabarError, quoted
from components.files.json_file import parse_json
from components.files.text_file import odd_character

MOST_LETTERS = 100_000
"""Of a text; the csv module reads no cell of more than 131,072."""

OPTIONAL = ("style", "drawing", "split")
"""Columns that are read where they are, besides the three that are chosen."""


@dataclass(frozen=True)
class Columns:
    """Which columns hold captions and classes; None where captions are not read."""

    caption: str | None
    label: str

    @property
    def read(self) -> frozenset[str]:
        """Every column that is read where it is."""
        captions = () if self.caption is None else (self.caption,)
        return frozenset({"file_name", *captions, self.label, *OPTIONAL})


def row_of(record: dict[str, Any], columns: Columns) -> Row:
    """One row; raises ValueError with the fault in words."""
    file_name = file_named(record)
    if not file_name:
        raise ValueError("`file_name` is empty")
    try:
        safe_name(file_name)
    except AlphabarError as error:
        raise ValueError(error.what) from None
    named = columns.caption
    caption, *more = [""] if named is None else _captions(record, named)
    split = text_of(record, "split")
    if split:
        try:
            split_of(split)
        except ValueError as error:
            raise ValueError(f"{file_name}: {error}") from None
    return Row(
        file_name,
        text_of(record, columns.label),
        caption,
        text_of(record, "style"),
        text_of(record, "drawing") or file_name,
        split,
        tuple(more),
    )


def file_named(record: dict[str, Any]) -> str:
    """The image that a row means, whatever else is wrong with it; empty where it names none."""
    value = record.get("file_name")
    return value.strip() if isinstance(value, str) else ""


def composed(name: str) -> str:
    """A name in composed Unicode: systems write é in one code point or in two."""
    return unicodedata.normalize("NFC", name)


def safe_name(file_name: str) -> str:
    """``file_name`` again. Raises AlphabarError when it may point outside, or is hidden.

    Hidden names are refused because DVC would not pin what lies in a folder such as ``.git``.
    """
    parts = file_name.split("/")
    fault = None
    if PurePosixPath(file_name).is_absolute() or "\\" in file_name:
        fault = "is not a relative path with `/`"
    elif ".." in parts:
        fault = "leads out of the folder"
    elif any(part == "" or part.startswith(".") for part in parts):
        fault = "has a hidden or empty part"
    elif odd_character(file_name):
        fault = "has control characters"
    if fault:
        raise AlphabarError(f"file_name {file_name!r} {fault}", "name a file inside the folder")
    return file_name


def _captions(record: dict[str, Any], column: str) -> list[str]:
    """The image's captions, one at least; raises ValueError where one is empty or no text."""
    found = [text_of(one, column, lines=True) for one in _each(record, column)]
    if not found or not all(any(seen(letter) for letter in caption) for caption in found):
        # an empty caption is what the unconditional half of guidance is trained on
        which = "no" if len(found) < 2 else f"an empty one among its {len(found)}"
        raise ValueError(f"{file_named(record)} has {which} `{column}`")
    return found


def _each(record: dict[str, Any], column: str) -> list[dict[str, Any]]:
    """The record once for each caption that it lists: a list, or the JSON text of one. Raises
    ValueError where the text looks like a list that another program wrote."""
    value = record.get(column)
    if isinstance(value, str) and (text := value.strip()).startswith("[") and text.endswith("]"):
        value = _listed(text)
        if value is None:
            raise ValueError(
                f"`{column}`{_of(record)} is {quoted(text)}, which is no JSON list of texts: write "
                f'["one", "two"], or ["[one]"] for a caption in brackets'
            )
    return [record | {column: one} for one in value] if isinstance(value, list) else [record]


def _listed(text: str) -> list[str] | str | None:
    """The captions in a text in brackets; the text, where it is itself one, such as
    ``[a picture]``; None where it is a list of something else, or in another language."""
    try:
        found = parse_json(text)
    except ValueError:
        inside = text[1:-1].strip()
        alien = inside in ("None", "nan") or inside.startswith("'") or {",", '"'} & {*inside}
        return None if alien else text
    return found if all(isinstance(one, str) for one in found) else None


def filled(value: object) -> bool:
    """Whether a cell holds anything: pandas' empty cell is NaN."""
    return not (value is None or value == "" or (isinstance(value, float) and math.isnan(value)))


def text_of(record: dict[str, Any], column: str, *, lines: bool = False) -> str:
    """The value as text; raises ValueError where it is none, or holds what no file can keep.

    Args:
        lines: tabs and line ends may stand in it.
    """
    value = record.get(column)
    if not filled(value):
        return ""
    if not isinstance(value, str | int | float):
        raise ValueError(f"`{column}` holds {type(value).__name__}, not a text")
    text = str(value).strip().strip("\ufeff").strip()
    if len(text) > MOST_LETTERS:
        raise ValueError(
            f"`{column}`{_of(record)} has {len(text)} letters, more than {MOST_LETTERS}"
        )
    if odd := odd_character(text, lines=lines):
        raise ValueError(f"`{column}`{_of(record)} holds the character {odd}")
    return text


def _of(record: dict[str, Any]) -> str:
    name = file_named(record)
    return f" of {name}" if name else ""


def seen(letter: str) -> bool:
    """Whether a letter leaves a mark on paper."""
    return unicodedata.category(letter)[0] not in "ZC"
