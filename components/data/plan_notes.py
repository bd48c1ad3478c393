"""What a plan does with images, captions and prompts, said before anything runs."""

from collections.abc import Iterable
from pathlib import Path

from components.data.caption_notes import caption_notes
from components.data.images import is_square
from components.data.pin import raw_folder
from components.data.prompt_file import read_prompts
from components.data.readers import cut_of, readers_of
from components.data.sources.folder import locate, read_rows
from components.data.summary import fit_words
from components.files.json_file import read_object
from components.files.manifest import intact, remedy
from components.spec.catalogue import SOURCES
from components.spec.plan import Node, PlannedCell
from components.spec.sections.data import DataSpec
from components.store import Store


def plan_notes(
    cells: Iterable[PlannedCell], store: Store, root: Path, weights: Path | None = None
) -> list[str]:
    """A sentence a fact: captions that are cut or several, images that are not square, what is in
    files of prompts.

    Args:
        store: where prepared data is published.
        root: the folder that raw data and files of prompts lie in.
        weights: the folder in which an encoder's weights are looked for first.

    Raises:
        AlphabarError: metadata, an image or a file of prompts cannot be read.
    """
    planned = [*cells]
    of_captions = caption_notes(planned, store, root, weights)
    of_prompts = prompt_notes(planned, root, weights)
    return [*of_captions, *fit_notes(planned, store, root), *of_prompts]


def fit_notes(cells: Iterable[PlannedCell], store: Store, root: Path) -> list[str]:
    """Of each data set: how many images are not square, and what becomes of them. Prepared data
    has counted them; before, it is their headers that say so."""
    nodes = {cell.data.key: cell.data for cell in cells}
    fits = [(node.spec["fit"], _not_square(node, store, root)) for node in nodes.values()]
    return list(dict.fromkeys(fit_words(fit, count) for fit, count in fits if count))


def _not_square(node: Node, store: Store, root: Path) -> int:
    if store.has(node):
        folder = store.path(node)
        info = read_object(intact(folder / "dataset.json"), remedy(folder))
        return int(info["not_square"])
    data = DataSpec.model_validate(node.spec)
    if SOURCES[data.source].square:
        return 0
    raw = raw_folder(data, root).folder
    rows = read_rows(raw, data.caption_column, data.label_column)
    kept = [row for row in rows if data.style is None or row.style == data.style]
    return sum(not is_square(locate(raw, row.file_name)) for row in kept)


def prompt_notes(
    cells: Iterable[PlannedCell], root: Path, weights: Path | None = None
) -> list[str]:
    """Of each file of prompts: what is in it, and how many the model's encoder cuts.

    Raises:
        AlphabarError: a file is missing or broken.
    """
    said: dict[str, None] = {}
    for cell in cells:
        experiment = cell.cell.experiment
        if (name := experiment.evaluation.prompts_file) is None:
            continue
        found = read_prompts(root / name)
        said[f"{name}: {found.words(experiment.evaluation.samples)}"] = None
        readers = readers_of(experiment.conditioning.encoder, weights)
        if readers and (cut := cut_of(found.prompts, readers)).cut:
            said[f"{name}: {cut.words('prompts')}"] = None
    return list(said)
