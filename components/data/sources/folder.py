"""An ImageFolder: images and a metadata file that lists them. Packaged sources lie so too."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from components.data.columns import (
    FILE_NAME,
    likely_column,
    meant,
    require,
    with_absent_told,
)
from components.data.faults import listed
from components.data.layouts import read_layout
from components.data.metadata import Row, Table
from components.data.sources.places import labelled_by_folder, misplaced, split_by_folder
from components.data.sources.repeated import merged
from components.data.sources.rows import (
    Columns,
    composed,
    file_named,
    filled,
    row_of,
    safe_name,
)
from components.data.splits import split_of
from components.errors import AlphabarError, first_of, number_of
from components.files.regular import refuse_link_out

DEFAULT_CAPTION_COLUMN, DEFAULT_LABEL_COLUMN = "caption", "label"
_SPLIT_REMEDY = (
    "fill it in every row, or remove the column, and `data.holdout` says how many are held out"
)


@dataclass(frozen=True)
class Reading:
    """A folder's rows, and what is wrong with the others, in words.

    Attributes:
        table: what the rows stand in.
        rows: those that can be read.
        faults: of the others, and of the rows together.
        named: every image that a row means, those of faulty rows too; composed Unicode.
        ignored: columns that are not read.
        labelled_by_folder: whether the labels are folders' names.
        split_by: what says the splits, in words, where there are any.
        all_train: whether the column `split` says `train` in every row, which is no split.
        repeated: captions that an image has more than once, and that are taken once.
    """

    table: Table
    rows: tuple[Row, ...]
    faults: tuple[str, ...]
    named: frozenset[str]
    ignored: tuple[str, ...]
    labelled_by_folder: bool
    split_by: str
    all_train: bool
    repeated: int


def read_rows(folder: Path, caption_column: str | None, label_column: str) -> tuple[Row, ...]:
    """All rows of the folder's metadata file, in its order; raises AlphabarError on any fault.

    Args:
        caption_column: None where captions are not read; rows have none then.
    """
    try:
        reading = inspect(folder, caption_column, label_column)
    except AlphabarError:
        _refuse_without_captions(folder, caption_column)
        raise
    if reading.faults:
        raise AlphabarError(
            f"{reading.table.path} has {number_of(len(reading.faults), 'fault')}:"
            f"{listed(reading.faults)}",
            "mend those rows",
        )
    return reading.rows


def _refuse_without_captions(folder: Path, caption_column: str | None) -> None:
    """Raise AlphabarError where captions are asked for and the images have none at all."""
    if caption_column is None:
        return
    table = read_layout(folder, captioned=False)
    if FILE_NAME in table.columns and likely_column(table, caption_column, "caption") is None:
        raise AlphabarError(
            f"the images in {folder} have no captions, as `data add --no-captions` leaves them: "
            "only `finetune.subject` can use them",
            f"give `subject: {folder.name}` and other images as `data`; or add these again with "
            "captions",
        )


def inspect(folder: Path, caption_column: str | None, label_column: str) -> Reading:
    """Read what lists the folder's images and collect the faults of its rows.

    The columns ``file_name`` and ``caption_column``, unless that is None, must be there;
    ``style``, ``drawing`` and ``split`` are read where they are, all regardless of case. A
    ``split`` that says train in every
    row is none; without one, folders at the top that all bear splits' names are the split. Without
    the column ``label`` an image's class is its sub-folder's name, as Hugging Face has it, when
    there are at least two such names; else it has none. Where some images lie in class folders and
    others do not, that is a fault.

    Raises:
        AlphabarError: the file is missing or broken, or a column that is asked for is not there.
    """
    table = read_layout(folder, captioned=caption_column is not None)
    return reading_of(table, caption_column, label_column)


def reading_of(table: Table, caption_column: str | None, label_column: str) -> Reading:
    """As `inspect`, of a table that is read already."""
    table, columns = _meant(table, caption_column, label_column)
    faults: list[str] = []
    rows: list[Row] = []
    for place, record in table.records:
        try:
            rows.append(row_of(record, columns))
        except ValueError as error:
            faults.append(f"{place}: {error}")
    images = merged(rows)
    rows, faults = [*images.rows], [*faults, *images.faults]
    if all_train := bool(rows) and all(
        row.split and split_of(row.split) == "train" for row in rows
    ):
        rows = [replace(row, split="") for row in rows]
    by_folder = not any(row.split for row in rows)
    rows = split_by_folder(rows) if by_folder else rows
    faults += _partly(rows, "split", "split", _SPLIT_REMEDY) + _torn(rows)
    if label_column in table.columns:
        faults += _partly(rows, "label", label_column, "fill it in every row")
    else:
        faults += misplaced(rows)
        rows = labelled_by_folder(rows)
    return Reading(
        table=table,
        rows=tuple(rows),
        faults=tuple(faults),
        named=frozenset(composed(file_named(record)) for _, record in table.records) - {""},
        ignored=tuple(name for name in table.columns if name not in columns.read),
        labelled_by_folder=label_column not in table.columns,
        split_by="the folders" if by_folder else table.split_by,
        all_train=all_train,
        repeated=images.repeated,
    )


def _meant(table: Table, caption_column: str | None, label_column: str) -> tuple[Table, Columns]:
    """The table with the columns that are meant, which are there, and what they are called."""
    columns = Columns(caption_column, label_column)
    table = meant(table, columns.read)
    require(table, FILE_NAME, FILE_NAME)
    if label_column != DEFAULT_LABEL_COLUMN:
        require(table, label_column, "label")
    if caption_column is None:
        return table, columns
    require(table, caption_column, "caption")
    if not any(filled(record.get(caption_column)) for _, record in table.records):
        raise AlphabarError(
            f"the column `{caption_column}` of {table.path} is empty in all "
            f"{number_of(len(table.records), 'row')}",
            "name the one that holds the captions with `--caption-column`, or fill it in",
        )
    return with_absent_told(table, caption_column), columns


def has_captions(folder: Path, caption_column: str) -> bool:
    """Whether a folder's images have captions in that column; raises AlphabarError where what
    lists them is broken."""
    table = read_layout(folder, captioned=False)
    return caption_column in meant(table, [caption_column]).columns


def locate(folder: Path, file_name: str) -> Path:
    """The listed file's path, however its name is composed.

    Raises:
        AlphabarError: it is not a regular file in ``folder``.
    """
    path = _spelt(folder, safe_name(file_name))
    try:
        real = path.resolve(strict=True)
    except (OSError, RuntimeError):  # RuntimeError: links that run in a circle
        raise AlphabarError(f"{path} is missing", "add the file, or remove its row") from None
    refuse_link_out(path, folder)
    if not real.is_file():
        raise AlphabarError(f"{path} is not a regular file", "remove its row")
    return path


def _spelt(folder: Path, file_name: str) -> Path:
    """The path as the disk spells it, where it differs only in how letters are composed."""
    path = folder / file_name
    if path.exists() or file_name.isascii():
        return path
    here = folder
    for part in file_name.split("/"):
        if not (here / part).exists() and here.is_dir():
            alike = [
                entry.name for entry in here.iterdir() if composed(entry.name) == composed(part)
            ]
            part = alike[0] if alike else part
        here /= part
    return here


def _partly(rows: Sequence[Row], attribute: str, column: str, remedy: str) -> list[str]:
    """The fault of the rows without a value where others have one: one, however many they are."""
    bare = [row.file_name for row in rows if not getattr(row, attribute)]
    if not bare or len(bare) == len(rows):
        return []
    return [f"{len(bare)} of {len(rows)} rows have no `{column}` ({first_of(bare)}): {remedy}"]


def _torn(rows: Iterable[Row]) -> list[str]:
    """Drawings of which the user's split has renderings on both sides; none to train on."""
    sides: dict[str, set[str]] = {}
    for row in rows:
        if row.split:
            sides.setdefault(row.drawing, set()).add(split_of(row.split))
    torn = [f"drawing {name} is in both splits" for name, of in sides.items() if len(of) > 1]
    if sides and "train" not in set().union(*sides.values()):
        torn.append(
            "the split puts no image into train: mark some `train` in the column `split`, or leave "
            "the split away, and `data.holdout` says how many are held out"
        )
    return torn
