"""What becomes of the captions that a plan's models read, said before anything runs."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from components.data.pin import raw_folder
from components.data.readers import Cut, Reader, cut_of, readers_of
from components.data.readers.prepared import cut_of_prepared
from components.data.sources.folder import read_rows
from components.data.summary import several_words
from components.files.json_file import read_object
from components.files.manifest import intact, remedy
from components.spec.plan import Node, PlannedCell
from components.spec.sections.data import DataSpec
from components.store import Store


def caption_notes(
    cells: Iterable[PlannedCell], store: Store, root: Path, weights: Path | None = None
) -> list[str]:
    """Of each data set and limit: how many captions are cut, at which length, and how many images
    have several.

    Prepared data has counted its captions as `minilm` reads them; else they are counted here,
    before it is prepared in the metadata. Torch is not imported.

    Args:
        store: where prepared data is published.
        root: the folder that raw data lies in.
        weights: the folder in which an encoder's weights are looked for first.

    Raises:
        AlphabarError: the metadata or an encoder cannot be read.
    """
    asked: dict[tuple[str, str, int | None], Node] = {}
    for cell in cells:
        conditioning, data = cell.train.spec["conditioning"], cell.data
        limit = conditioning.get("max_tokens")
        asked.setdefault((data.key, conditioning["encoder"], limit), data)
    several = len({encoder for _, encoder, _ in asked}) > 1
    notes: dict[tuple[str, str], None] = {}  # of each data set every sentence once
    for (key, encoder, limit), data in asked.items():
        if readers := readers_of(encoder, weights):
            read = _read_of(data, store, root)
            cut = read.cut(readers, limit).words()
            said = [f"{encoder}: {cut}" if several else cut]
            said += [several_words(read.several)] if read.several else []
            notes |= {(key, words): None for words in said}
    return [words for _, words in notes]


@dataclass(frozen=True)
class _Read:
    """What is known of a data set's captions.

    Attributes:
        cut: what readers and a limit do to them.
        several: images with more than one.
    """

    cut: Callable[[Sequence[Reader], int | None], Cut]
    several: int


def _read_of(node: Node, store: Store, root: Path) -> _Read:
    if store.has(node):
        folder = store.path(node)
        info = read_object(intact(folder / "dataset.json"), remedy(folder))
        lengths = {int(tokens): count for tokens, count in info["caption_tokens"].items()}
        cut = partial(cut_of_prepared, lengths, partial(_prepared, folder))
        return _Read(cut, info["several_captions"])
    data = DataSpec.model_validate(node.spec)
    rows = read_rows(raw_folder(data, root).folder, data.caption_column, data.label_column)
    of = [row.captions for row in rows if data.style is None or row.style == data.style]
    captions = [text for several in of for text in several]
    return _Read(partial(cut_of, captions), sum(len(each) > 1 for each in of))


def _prepared(folder: Path) -> Iterable[tuple[str, int]]:
    from components.data.arrays import counted_captions  # which loads numpy

    return counted_captions(folder)
