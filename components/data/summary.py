"""What `alphabar data add` has read of a folder, in words: nothing is taken without being told."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from components.data.copies import Copies, copies_among
from components.data.readers import Cut, cut_of
from components.data.readers.minilm import minilm_reader
from components.data.sources.folder import Reading
from components.data.splits import split_of
from components.errors import first_of, number_of
from components.spec.catalogue import FITS


@dataclass(frozen=True)
class Summary:
    """Counts of what was read, and names of what was not.

    Attributes:
        images: how many.
        classes: label → images; empty where there are none.
        by_folder: whether the labels are the names of folders.
        split_by: what says the splits, in words, where there are any.
        notes: how the folder was read, where there is something to be said of it.
        captions: how many different ones there are.
        several: images with more than one.
        most: captions of the image with most of them.
        repeated: captions that an image has more than once, and that are taken once.
        cut: what the limit of the default encoder, `minilm`, does to them.
        styles: style → images.
        splits: the user's own word → images; empty where the split is by hash.
        all_train: whether a column `split` says `train` in every row, which is no split.
        copies: images that are there more than once, pixel for pixel.
        ignored: columns that are not read.
        separator: between the metadata file's cells.
        not_square: files whose sides differ.
        first_frames: files with several frames, of which the first one is taken.
        left: files of the folder that are not copied.
    """

    images: int
    classes: Mapping[str, int]
    by_folder: bool
    split_by: str
    notes: tuple[str, ...]
    captions: int
    several: int
    most: int
    repeated: int
    cut: Cut
    styles: Mapping[str, int]
    splits: Mapping[str, int]
    all_train: bool
    copies: Copies
    ignored: tuple[str, ...]
    separator: str
    not_square: tuple[str, ...]
    first_frames: tuple[str, ...]
    left: tuple[str, ...]

    @classmethod
    def of(
        cls,
        reading: Reading,
        pixels: Mapping[str, bytes],
        first_frames: Iterable[str],
        not_square: Iterable[str],
        left: Iterable[str],
    ) -> "Summary":
        """Of a folder without faults.

        Args:
            pixels: file name → digest of its pixels.
        """
        rows = reading.rows
        captions = [caption for row in rows for caption in row.captions if caption]
        return cls(
            len(rows),
            Counter(row.label for row in rows if row.label),
            reading.labelled_by_folder,
            reading.split_by,
            reading.table.notes,
            len({*captions}),
            sum(len(row.captions) > 1 for row in rows),
            max(len(row.captions) for row in rows),
            reading.repeated,
            cut_of(captions, [minilm_reader()]),
            Counter(row.style for row in rows if row.style),
            Counter(row.split for row in rows if row.split),
            reading.all_train,
            copies_among(rows, pixels),
            reading.ignored,
            reading.table.separator,
            tuple(not_square),
            tuple(first_frames),
            tuple(left),
        )

    def words(self) -> list[str]:
        """One line a fact."""
        said = [
            f"images: {self.images}",
            *self.notes,
            f"captions: {number_of(self.captions, 'different one')}; {self.cut.words()}"
            if self.captions
            else "captions: none are read, so that the images can be of one subject alone",
        ]
        if self.several:
            said.append(
                f"{several_words(self.several)}, up to {self.most} an image: one is drawn at each "
                "training step, evaluations take the first"
            )
        if self.repeated:
            said.append(f"captions that an image has twice, taken once: {self.repeated}")
        said.append(f"classes: {self._classes()}")
        if self.styles:
            said.append(f"styles: {_counted(self.styles)}")
        said.append(f"split: {self._split()}")
        said += self.copies.words()
        if self.ignored:
            said.append(f"columns not read: {', '.join(self.ignored)}")
        if self.separator != ",":
            said.append(f"cells of the metadata are separated by {self.separator!r}")
        if self.not_square:
            said.append(
                f"not square: {len(self.not_square)} ({first_of(sorted(self.not_square))}); "
                f"`data.fit` says what becomes of them: {', '.join(FITS)}"
            )
        if self.first_frames:
            said.append(
                f"files with several frames, of which the first is taken: {len(self.first_frames)} "
                f"({first_of(sorted(self.first_frames))})"
            )
        if self.left:
            said.append(f"not copied: {len(self.left)} ({first_of(sorted(self.left))})")
        return said

    def _classes(self) -> str:
        if not self.classes:
            return "none: the label column is empty or missing, and there are not several folders"
        source = "the folders' names" if self.by_folder else "the label column"
        return f"{_counted(self.classes)}, by {source}"

    def _split(self) -> str:
        if self.all_train:
            return (
                "the column `split` says `train` in every row, which is no split, so that "
                "`data.holdout` says how many are held out"
            )
        if not self.splits:
            return "no column `split`, so that `data.holdout` says how many are held out"
        sides = Counter[str]()
        for word, count in self.splits.items():
            sides[split_of(word)] += count
        return (
            f"{sides['train']} to train on, {sides['holdout']} held out, by "
            f"{self.split_by}: {_counted(self.splits)}; `data.holdout` is not read then"
        )


def several_words(images: int) -> str:
    """How many images have several captions."""
    return f"{number_of(images, 'image')} {'has' if images == 1 else 'have'} several captions"


def fit_words(fit: str, images: int) -> str:
    """What became of the images that are not square."""
    verb = "image is not square and was" if images == 1 else "images are not square and were"
    return f"{images} {verb} {FITS[fit].done}"


def _counted(counts: Mapping[str, int]) -> str:
    each = [f"{name} {count}" for name, count in sorted(counts.items())]
    return f"{len(counts)} ({first_of(each)})"
