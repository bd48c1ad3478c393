"""Under what terms the data and the weights of a model are given on.

    licences.json    beside a registered or exported model, whose inputs are not at hand, and
                     beside what a stage makes of others' weights: a list of
                     {"of": what it is that is licensed, ...: as `Licence` has it}

For a model in a store those of its images are found by its manifest: what it was trained on, back
to the images. The directory of others' weights says it in the head of its README.md, or in a file
LICENSE; a stage that reads one publishes that, and those after it pass it on.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from components.errors import AlphabarError, shortened
from components.files.json_file import load_json, write_json
from components.files.manifest import MANIFEST, intact, read_manifest
from components.files.text_file import read_text
from components.spec.catalogue.entries import Licence
from components.spec.experiment import Experiment
from components.spec.licences import Licensed, images_words, licence_of_data, licence_of_encoder
from components.spec.model_folder import ORIGIN
from components.spec.pipelines.folder import is_pipeline
from components.spec.sections.data import DataSpec

LICENCES = "licences.json"
FILES = ("LICENSE", "LICENCE", "COPYING")
"""How the names of files begin that hold a licence."""

_LONGEST, _LARGEST = 200, 2**20
_LINK = "license_link"


def licences_of(folder: Path, store: Path, datasets: Path) -> list[Licensed]:
    """Of the images and the weights that what lies in ``folder`` was made from, as far as they are
    known.

    Args:
        store: where its inputs lie.
        datasets: where the user's images lie, a folder for each name.

    Raises:
        AlphabarError: the folder's own record is broken.
    """
    if is_pipeline(folder):
        return licences_in(folder)
    folder = _published(folder)
    return list(dict.fromkeys([*_back(folder, store, datasets), *licences_in(folder)]))


def licences_of_model(
    experiment: Experiment, model: Path, store: Path, datasets: Path
) -> list[Licensed]:
    """Of what a ``model`` of ``experiment`` is given on with: its images, by what the file says
    first of all, the encoder that it needs, and the weights of others that it began with. A model
    that was there already has seen none of the file's images."""
    given = (model / ORIGIN).is_file()
    own = [] if given else licence_of_data(experiment.data)
    images = own or licences_of(model, store, datasets)
    encoder = licence_of_encoder(experiment.conditioning.model_dump())
    return list(dict.fromkeys([*images, *encoder, *licences_in(model)]))


def licences_of_tuned(
    experiment: Experiment, model: Path, store: Path, datasets: Path
) -> list[Licensed]:
    """The same of a fine-tune that is published in ``model``: of all that it and its base have
    seen, by their manifests."""
    encoder = licence_of_encoder(experiment.conditioning.model_dump())
    return list(dict.fromkeys([*licences_of(model, store, datasets), *encoder]))


def licences_in(folder: Path) -> list[Licensed]:
    """What ``folder`` says itself: in its record, else as a pipeline's directory does.

    Raises:
        AlphabarError: its record is broken.
    """
    if (folder / LICENCES).is_file():
        return _recorded(folder / LICENCES)
    return licence_of_weights(folder) if is_pipeline(folder) else []


def publish_licences(out: Path, found: Iterable[Licensed]) -> None:
    """Write licences.json into ``out``, each licence once; nothing where there is none."""
    if record := licence_record(dict.fromkeys(found)):
        write_json(out / LICENCES, record)


def licence_record(licences: Iterable[Licensed]) -> list[dict[str, str]]:
    """The content of licences.json."""
    return [{"of": each.of, **asdict(each.licence)} for each in licences]


def licence_files(folder: Path) -> list[Path]:
    """The files in ``folder`` that hold a licence; the record of several is none."""
    if not folder.is_dir():
        return []
    inside = (path for path in folder.iterdir() if path.name != LICENCES)
    names = (path for path in inside if path.name.upper().startswith(FILES))
    return sorted(path for path in names if path.is_file() and not path.is_symlink())


def licence_of_weights(folder: Path) -> list[Licensed]:
    """Of weights that others have published in ``folder``, or in the pipeline that it is a part of:
    what the head of their README.md says, else the first line of a file LICENSE."""
    inside = is_pipeline(folder.parent) and not (folder / "README.md").is_file()
    if inside and not licence_files(folder):
        folder = folder.parent
    head = _head(folder / "README.md")
    word = head.get("license_name") or head.get("license") or ""
    said = word or next(filter(None, map(_first_line, licence_files(folder))), "")
    if not said:
        return []
    licence = Licence(shortened(said, _LONGEST), head.get("license", ""), head.get(_LINK, ""))
    return [Licensed(f"weights ({_called(folder.absolute())})", licence)]


def _called(folder: Path) -> str:
    """Its name; the id of one in the hub's cache, which lies in models--OWNER--NAME/snapshots."""
    cached = folder.parent.name == "snapshots"
    name = folder.parent.parent.name if cached else folder.name
    return name.removeprefix("models--").replace("--", "/") if cached else name


def _recorded(path: Path) -> list[Licensed]:
    names = [field.name for field in fields(Licence)]
    try:
        return [
            Licensed(str(entry["of"]), Licence(*(str(entry[name]) for name in names)))
            for entry in load_json(intact(path))
        ]
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise AlphabarError(f"{path} is broken ({error!r})", "copy its folder again") from error


def _head(path: Path) -> dict[str, str]:
    """The plain entries of a README's YAML head; empty where it has none."""
    try:
        lines = read_text(path, most=_LARGEST, remedy="").splitlines()
    except AlphabarError:
        return {}
    if not lines or lines[0].strip() != "---" or "---" not in lines[1:]:
        return {}
    entries = (line.partition(":") for line in lines[1 : lines.index("---", 1)])
    return {key: shortened(value.strip().strip("\"'"), _LONGEST) for key, _, value in entries}


def _published(folder: Path) -> Path:
    """``folder``, or what a stage published it in: a training has `best/` and `last/`."""
    inside = not (folder / MANIFEST).is_file() and (folder.parent / MANIFEST).is_file()
    return folder.parent if inside else folder


def _back(folder: Path, store: Path, datasets: Path) -> Iterator[Licensed]:
    if not (folder / MANIFEST).is_file():
        return
    manifest = read_manifest(folder)
    if (said := _of_raw_data(manifest)) is not None:
        data = DataSpec.model_validate(said)
        yield from licence_of_data(data) or _of_file(data, datasets)
    for key in (manifest.get("inputs") or {}).values():
        for source in sorted(store.glob(f"*/{key}")):
            yield from _back(source, store, datasets)


def _of_raw_data(manifest: Mapping[str, Any]) -> dict[str, Any] | None:
    """The data section of a stage that reads raw files; None for another stage."""
    spec: dict[str, Any] = manifest.get("spec", {})
    aside: dict[str, Any] = manifest.get("unkeyed", {})
    of_folder: dict[str, Any] | None = spec.get("data")
    if manifest.get("stage") == "prepare":
        return spec | aside
    return of_folder if manifest.get("stage") == "subject" else None


def _of_file(data: DataSpec, datasets: Path) -> list[Licensed]:
    """The first line of the file of a licence beside the user's own images."""
    for path in licence_files(datasets / (data.name or data.source)):
        said = _first_line(path) or f"see {path}"
        return [Licensed(images_words(data), Licence(shortened(said, _LONGEST)))]
    return []


def _first_line(path: Path) -> str:
    """The first that says something; empty for a file that is no text."""
    try:
        lines = read_text(path, most=_LARGEST, remedy="").splitlines()
    except AlphabarError:
        return ""
    return next((line.strip() for line in lines if line.strip()), "")
