"""What becomes of the captions that a plan's models read, said before anything runs."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from components.data.pin import raw_folder
from components.data.sources.folder import read_rows
from components.data.summary import several_words
from components.data.tokens import Cut, cut_of, cut_of_lengths
from components.files.json_file import read_object
from components.files.manifest import intact, remedy
from components.spec.catalogue import CONDITIONERS
from components.spec.plan import Node, PlannedCell
from components.spec.sections.data import DataSpec
from components.store import Store


def caption_notes(cells: Iterable[PlannedCell], store: Store, root: Path) -> list[str]:
    """Of each data set and limit: how many captions are cut, at which length, and how many images
    have several.

    Prepared data has counted its captions; before it is prepared they are counted in the
    metadata. Neither torch nor transformers is imported.

    Args:
        store: where prepared data is published.
        root: the folder that raw data lies in.

    Raises:
        AlphabarError: the metadata cannot be read.
    """
    asked: dict[tuple[str, int], Node] = {}
    for cell in cells:
        conditioning = cell.train.spec["conditioning"]
        most = CONDITIONERS[conditioning["encoder"]].token_limit
        if most is not None:
            limit = conditioning.get("max_tokens") or most
            data = cell.train.inputs["data"]
            asked.setdefault((data.key, limit), data)
    return [
        note
        for (_, limit), data in asked.items()
        for note in _read_of(data, store, root).notes(limit)
    ]


@dataclass(frozen=True)
class _Read:
    """What is known of a data set's captions: what a limit does to them, and how many images have
    several."""

    cut: Callable[[int], Cut]
    several: int

    def notes(self, limit: int) -> list[str]:
        return [self.cut(limit).words(), *([several_words(self.several)] if self.several else [])]


def _read_of(node: Node, store: Store, root: Path) -> _Read:
    if store.has(node):
        folder = store.path(node)
        info = read_object(intact(folder / "dataset.json"), remedy(folder))
        lengths = {int(tokens): count for tokens, count in info["caption_tokens"].items()}
        return _Read(lambda limit: cut_of_lengths(lengths, limit), info["several_captions"])
    data = DataSpec.model_validate(node.spec)
    rows = read_rows(raw_folder(data, root).folder, data.caption_column, data.label_column)
    of = [row.captions for row in rows if data.style is None or row.style == data.style]
    captions = [text for several in of for text in several]
    return _Read(lambda limit: cut_of(captions, limit), sum(len(each) > 1 for each in of))
