"""Plain folders of images whose names say which belong together."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from components.data.folder_files import folder_files
from components.data.images import KINDS, suffix_of, whole_pixels
from components.data.metadata import NAMES, read_table
from components.errors import AlphabarError, first_of, number_of, quoted
from components.files.text_file import odd_character, read_text
from components.preference.export.material import Asked, Material, Pictures, Pixels

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "caption": ("caption", "prompt", "text"),
    "label": ("label",),
    "class_index": ("class",),
    "group": ("group", "category"),
    "seed": ("seed",),
}
"""A field of `Asked` → columns of metadata.csv that say it, the first that is there."""

MOST_WORDS = 2**20
MOST_HEAD = 4096
NUMBERS = ("class_index", "seed")


@dataclass(frozen=True)
class Files:
    """Image files, decoded when one is looked at; a broken one raises AlphabarError then."""

    paths: tuple[Path, ...]

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: int) -> Pixels:
        return whole_pixels(self.paths[index])


def pictures_of_folder(folder: Path) -> Pictures:
    """All images of a folder, by name, and what its metadata.csv or texts beside them say; what an
    image shows is else what it is called."""
    paths, said = _images(folder), _said(folder)
    asked = tuple(_asked(name, [said(name)], folder) for name in paths)
    return Pictures(asked, Files(tuple(paths.values())))


def material_of_folders(
    folders: Mapping[str, Path], count: int, *, same_seeds: bool = True
) -> Material:
    """Images that have the same name, but for what it ends in, in all folders.

    Args:
        folders: model → its images, the baseline's first.
        count: how many are needed at least.
        same_seeds: whether what folders say of seeds must agree.

    Raises:
        AlphabarError: there are fewer, or folders say unlike things of one name.
    """
    images = {model: _images(folder) for model, folder in folders.items()}
    first = next(iter(images.values()))
    names = [name for name in first if all(name in own for own in images.values())]
    where = " and ".join(str(folder) for folder in folders.values())
    if len(names) < count:
        alone = first_of([name for name in first if name not in names], most=3)
        raise AlphabarError(
            f"{number_of(len(names), 'image')} have the same name in {where}, and the study asks "
            f"for {count} pairs" + (f" (only in one: {alone})" if alone else ""),
            "give the images that belong together the same names, or ask for fewer --pairs",
        )
    said = [_said(folder) for folder in folders.values()]
    asked = tuple(
        _asked(name, [of(name) for of in said], next(iter(folders.values())), seeds=same_seeds)
        for name in names
    )
    rows = {m: Files(tuple(own[name] for name in names)) for m, own in images.items()}
    unused = {folders[m].name: len(own) - len(names) for m, own in images.items()}
    notes = [f"without a partner: {number_of(n, 'image')} of {f}" for f, n in unused.items() if n]
    notes += _unlike_kinds(rows, folders)
    models = {m: _from(folder) for m, folder in folders.items()}
    return Material(asked, rows, models, tuple(notes))


def _unlike_kinds(rows: Mapping[str, Files], folders: Mapping[str, Path]) -> list[str]:
    """A sentence where one folder's images were compressed in another way than another's."""
    kinds = {m: sorted({suffix_of(_head(p)) for p in own.paths}) for m, own in rows.items()}
    if len(set(map(tuple, kinds.values()))) == 1:
        return []
    told = ", ".join(f"{folders[m].name} {' and '.join(own)}" for m, own in kinds.items())
    return [f"traces of compression may tell images apart: {told}"]


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(MOST_HEAD)


def _from(folder: Path) -> dict[str, Any]:
    unknown = dict.fromkeys(("sample", "model", "sampling", "registered"))
    return unknown | {"from": f"the images of {folder.name}"}


def _images(folder: Path) -> dict[str, Path]:
    """Name inside the folder, without what it ends in, → file; raises AlphabarError."""
    if not folder.is_dir():
        raise AlphabarError(f"{folder} is no folder", "give a folder of images")
    found: dict[str, Path] = {}
    for path in folder_files(folder).images:
        name = path.relative_to(folder).with_suffix("").as_posix()
        if name in found:
            raise AlphabarError(
                f"{folder} has two images called {name}: {found[name].name} and {path.name}",
                "rename one of them",
            )
        found[name] = path
    if not found:
        raise AlphabarError(f"{folder} holds no image", f"give a folder of {KINDS} files")
    return found


def _said(folder: Path) -> Callable[[str], Mapping[str, str]]:
    """What the folder says of an image by name: field of `Asked` → text."""
    if not any((folder / name).is_file() for name in NAMES):

        def beside(name: str) -> Mapping[str, str]:
            text = folder / f"{name}.txt"
            if not text.is_file():
                return {}
            read = read_text(text, most=MOST_WORDS, remedy="remove it")
            return {"caption": read.strip()}

        return beside
    rows: dict[str, Mapping[str, str]] = {}
    for _, record in read_table(folder).records:
        values = {name.strip().lower(): value for name, value in record.items()}
        texts = {
            field: _text(next(values[each] for each in columns if each in values))
            for field, columns in COLUMNS.items()
            if any(each in values for each in columns)
        }
        if (path := Path(_text(values.get("file_name")))).name:
            rows[path.with_suffix("").as_posix()] = texts
    return lambda name: rows.get(name, {})


def _text(value: object) -> str:
    return "" if value is None or value != value else str(value).strip()  # NaN is an empty cell


def _asked(
    name: str, said: Sequence[Mapping[str, str]], folder: Path, *, seeds: bool = True
) -> Asked:
    """What is said of the images of one name; raises AlphabarError where folders disagree."""
    told: dict[str, Any] = {}
    for field in (each.name for each in fields(Asked)):
        texts = list(dict.fromkeys(each[field] for each in said if each.get(field)))
        if len(texts) > 1 and (field != "seed" or seeds):
            raise AlphabarError(
                f"the images called {name} do not match: their {field.replace('_index', '')} is "
                f"{texts[0]!r} and {texts[1]!r}",
                f"mend the metadata in {folder} or in the other folders, or remove it",
            )
        if len(texts) == 1:
            told[field] = _whole(texts[0]) if field in NUMBERS else texts[0]
    told = {field: value for field, value in told.items() if value is not None}
    if not seeds:
        told.pop("seed", None)
    asked = Asked(**told)
    if not asked.prompt:
        asked = replace(asked, caption=Path(name).name, named=True)
    if odd := odd_character(asked.prompt + asked.group, lines=True):
        raise AlphabarError(
            f"what an image of {folder} shows, {quoted(asked.prompt)}, has the character {odd}",
            "rename that image, or say it without control characters",
        )
    return asked


def _whole(text: str) -> int | None:
    """A whole number; None for what is none."""
    return int(text) if text.removeprefix("-").isdecimal() and len(text) < 20 else None
