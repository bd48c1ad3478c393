"""What becomes of the captions that a plan's models read, said before anything runs."""

from collections.abc import Iterable
from pathlib import Path

from components.data.pin import raw_folder
from components.data.sources.folder import read_rows
from components.data.tokens import Cut, cut_of, cut_of_lengths
from components.files.json_file import read_object
from components.files.manifest import intact, remedy
from components.spec.catalogue import CONDITIONERS
from components.spec.plan import Node, PlannedCell
from components.spec.sections.data import DataSpec
from components.store import Store


def caption_notes(cells: Iterable[PlannedCell], store: Store, root: Path) -> list[str]:
    """A sentence for each data set and limit: how many captions are cut, and at which length.

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
    return [_cut(data, limit, store, root).words() for (_, limit), data in asked.items()]


def _cut(node: Node, limit: int, store: Store, root: Path) -> Cut:
    if store.has(node):
        folder = store.path(node)
        info = read_object(intact(folder / "dataset.json"), remedy(folder))
        lengths = {int(tokens): images for tokens, images in info["caption_tokens"].items()}
        return cut_of_lengths(lengths, limit)
    data = DataSpec.model_validate(node.spec)
    rows = read_rows(raw_folder(data, root).folder, data.caption_column, data.label_column)
    captions = [row.caption for row in rows if data.style is None or row.style == data.style]
    return cut_of(captions, limit)
