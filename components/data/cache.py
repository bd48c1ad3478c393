"""DVC's cache as far as pinned folders need it: known listings, and a place to keep the files.

An object lies at ``<cache>/files/md5/<first two digits>/<the others>``; a directory's object is
its listing, as JSON. Filling it here is what lets ``dvc status`` and ``dvc push`` work after a
fetch on a machine that has no DVC.
"""

import configparser
from collections.abc import Mapping
from pathlib import Path

from components.data.listing import Listing, listing_hash, listing_json
from components.files.json_file import load_json
from components.files.put import put
from components.runtime import Progress, silent

_READ_ONLY = 0o444  # DVC's mark of an object whose hash it need not check again
LISTING_BYTES, LISTING_VALUES = 2**30, 100_000_000
"""A listing of some ten million files is read; what it says is checked against its pin."""


def find_cache(inside: Path) -> Path | None:
    """The cache of the DVC repository that ``inside`` belongs to; None outside of one.

    ``cache.dir`` is honoured where .dvc/config or .dvc/config.local sets it.
    """
    here = inside.absolute()
    dvc = next((path / ".dvc" for path in (here, *here.parents) if (path / ".dvc").is_dir()), None)
    if dvc is None:
        return None
    config = configparser.ConfigParser(interpolation=None)
    try:
        config.read([dvc / "config", dvc / "config.local"], encoding="utf-8")
    except (configparser.Error, UnicodeDecodeError):
        return None  # DVC itself will say what is wrong there
    return dvc / config.get("cache", "dir", fallback="cache") / "files" / "md5"


def cached_listing(inside: Path, pin: str) -> Listing | None:
    """The listing of a pinned directory; None when the cache has it not, or damaged."""
    cache = find_cache(inside)
    if cache is None:
        return None
    try:
        entries = load_json(_object(cache, pin), LISTING_BYTES, LISTING_VALUES)
        listing: Listing = {entry["relpath"]: entry["md5"] for entry in entries}
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return listing if listing_hash(listing) == pin else None


def fill_cache(folder: Path, listing: Mapping[str, str], progress: Progress = silent) -> None:
    """Keep copies of ``folder``'s files in DVC's cache, as ``dvc add`` would; none outside DVC.

    The directory's own object comes last, so that where it is, the files are.
    """
    cache = find_cache(folder)
    if cache is None or _object(cache, listing_hash(listing)).is_file():
        return
    for done, (path, md5) in enumerate(listing.items(), start=1):
        target = _object(cache, md5)
        if not target.is_file():
            _publish((folder / path).read_bytes(), target)
        progress(done, len(listing), f"keeping {path}")
    _publish(listing_json(listing), _object(cache, listing_hash(listing)))


def _publish(content: bytes, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with put(target) as part:
        part.write_bytes(content)
        part.chmod(_READ_ONLY)


def _object(cache: Path, md5: str) -> Path:
    return cache / md5[:2] / md5[2:]
