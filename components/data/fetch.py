"""``alphabar data fetch``: the packaged sources written to ``data/`` and held against the pin."""

from pathlib import Path

from components.data.cache import fill_cache
from components.data.disk import only_writer
from components.data.faults import listed
from components.data.listing import list_contents, list_files, listing_hash
from components.data.pin import packaged_data, read_pin, verify
from components.data.sources import packaged_files
from components.errors import AlphabarError
from components.files.full_disk import naming_a_full_disk
from components.files.put import put, remove_parts
from components.runtime import Progress, silent


def fetch(root: Path, progress: Progress = silent, *, force: bool = False) -> Path:
    """Write what is missing of ``<root>/data``, verify it against ``<root>/data.dvc``.

    In a DVC repository the files are kept in its cache too, so that ``dvc status`` is clean.
    Each file is put in place whole by a rename, so a kill leaves nothing half-written and the
    next call goes on. A file with other bytes is never overwritten unless ``force``; a file
    that does not belong there is never removed.

    Returns:
        the folder ``<root>/data``.

    Raises:
        AlphabarError: files differ (nothing has been written then) or do not belong there,
            the pin is missing or another one, or the disk is full.
    """
    raw = packaged_data(root)
    data = raw.pinned
    data.mkdir(parents=True, exist_ok=True)
    with naming_a_full_disk(data), only_writer(data):
        remove_parts(data)
        present = list_files(data)
        if not raw.pin_file.is_file() or listing_hash(present) != read_pin(raw):
            _write(data, present, progress, force)
        fill_cache(data, verify(raw), progress)
    return data


def _write(data: Path, present: dict[str, str], progress: Progress, force: bool) -> None:
    progress(0, 1, "drawing the packaged images")
    contents = dict(packaged_files())
    expected = list_contents(contents.items())
    changed = [path for path in expected if path in present and present[path] != expected[path]]
    if changed and not force:
        faults = [f"{path} changed" for path in changed]
        raise AlphabarError(
            f"{data} has {len(changed)} file(s) with other bytes than fetched:{listed(faults)}",
            "keep what you changed elsewhere and restore with `alphabar data fetch --force`",
        )
    wanted = [path for path in expected if present.get(path) != expected[path]]
    for done, path in enumerate(wanted, start=1):
        target = data / path
        target.parent.mkdir(parents=True, exist_ok=True)
        with put(target) as part:
            part.write_bytes(contents[path])
        progress(done, len(wanted), path)
