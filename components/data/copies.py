"""Images of a folder that are the same to the pixel, above all those on both sides of a split."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from components.data.metadata import Row
from components.data.splits import split_of
from components.errors import first_of, number_of


@dataclass(frozen=True)
class Copies:
    """Copies in words: ``copy = original``, in the order of the metadata file.

    Attributes:
        held_out: held-out images that are trained on, too.
        others: every other image that was there before, on the same side.
        loose: whether some of ``others`` have no drawing in common and no split keeps them
            together, so that `data.holdout` may part them.
    """

    held_out: tuple[str, ...]
    others: tuple[str, ...]
    loose: bool

    def words(self) -> list[str]:
        """What there is to be said, a line each."""
        said = []
        if self.held_out:
            verb = "is a copy" if len(self.held_out) == 1 else "are copies"
            said.append(
                f"warning: {number_of(len(self.held_out), 'held-out image')} {verb} of a training "
                f"image: the holdout tests less than it seems ({first_of([*self.held_out])})"
            )
        if self.others:
            verb = "is a copy" if len(self.others) == 1 else "are copies"
            apart = (
                "; one name in a column `drawing` keeps copies on one side" if self.loose else ""
            )
            said.append(
                f"{number_of(len(self.others), 'image')} {verb} of another "
                f"({first_of([*self.others])}){apart}"
            )
        return said


def copies_among(rows: Sequence[Row], pixels: Mapping[str, bytes]) -> Copies:
    """The copies among ``rows``.

    Args:
        pixels: file name → digest of its pixels.
    """
    trained = {pixels[row.file_name]: row for row in reversed(rows) if not _held_out(row)}
    first: dict[tuple[bytes, bool], Row] = {}
    held_out, others, loose = [], [], False
    for row in rows:
        digest, apart = pixels[row.file_name], _held_out(row)
        if apart and digest in trained:
            held_out.append(f"{row.file_name} = {trained[digest].file_name}")
            continue
        original = first.setdefault((digest, apart), row)
        if original is not row:
            others.append(f"{row.file_name} = {original.file_name}")
            loose |= not row.split and row.drawing != original.drawing
    return Copies(tuple(held_out), tuple(others), loose)


def _held_out(row: Row) -> bool:
    return bool(row.split) and split_of(row.split) == "holdout"
