"""Raw data held against the pin in its .dvc file. Nothing here needs DVC."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from components.data.cache import cached_listing
from components.data.faults import listed
from components.data.listing import (
    Listing,
    below,
    differences,
    directory_hash,
    list_contents,
    list_files,
    listing_hash,
)
from components.data.sources import SOURCES, Files, packaged_files, plugin_files
from components.errors import AlphabarError, number_of
from components.files.yaml_file import read_yaml
from components.spec.loading import nearest
from components.spec.sections.data import DataSpec

__all__ = [
    "RawData",
    "directory_hash",
    "packaged_data",
    "pinned_hashes",
    "plugin_data",
    "raw_folder",
    "verify",
]

PACKAGED = "data"
USERS = "datasets"


@dataclass(frozen=True)
class RawData:
    """Where the raw files of a `DataSpec` lie.

    Attributes:
        folder: the ImageFolder that ``prepare`` reads.
        pinned: the folder that is under DVC: ``folder`` itself or the one above it.
        pin_file: its .dvc file.
        files: makes the files anew, inside ``pinned``; None where the user brings them.
    """

    folder: Path
    pinned: Path
    pin_file: Path
    files: Files | None = None


def packaged_data(root: Path) -> RawData:
    """All packaged sources below ``root``, the repository."""
    pinned = root / PACKAGED
    return RawData(pinned, pinned, root / f"{PACKAGED}.dvc", packaged_files)


def plugin_data(source: str, root: Path) -> RawData:
    """A plug-in's source below ``root``, pinned on its own: no other data depend on its package."""
    folder = root / USERS / source
    return RawData(folder, folder, root / USERS / f"{source}.dvc", plugin_files(source))


def raw_folder(data: DataSpec, root: Path) -> RawData:
    """The places of ``data`` below ``root``, the repository; they need not exist."""
    if data.source not in SOURCES:
        return plugin_data(data.source, root)
    if SOURCES[data.source] is not None:
        whole = packaged_data(root)
        return replace(whole, folder=whole.pinned / data.source)
    folder = root / USERS / str(data.name)
    return RawData(folder, folder, root / USERS / f"{data.name}.dvc")


def pinned_hashes(root: Path) -> Callable[[DataSpec], str]:
    """A function that verifies a `DataSpec`'s raw files and gives their DVC hash.

    It reads and hashes each folder once, however often it is called. For a packaged source the
    hash is that of its own sub-folder, so that a new source beside it changes no stage's key.
    """
    listings: dict[Path, Listing] = {}
    hashes: dict[Path, str] = {}

    def data_hash(data: DataSpec) -> str:
        raw = raw_folder(data, root)
        if raw.folder not in hashes:
            if raw.pinned not in listings:
                listings[raw.pinned] = verify(raw)
            inside = raw.folder.relative_to(raw.pinned).as_posix()
            hashes[raw.folder] = listing_hash(below(listings[raw.pinned], inside))
        return hashes[raw.folder]

    return data_hash


def read_pin(raw: RawData) -> str:
    """The directory hash that the .dvc file pins.

    Raises:
        AlphabarError: the file is missing, or pins no directory as DVC 3 does.
    """
    if not raw.pin_file.is_file():
        raise AlphabarError(f"{raw.pin_file} does not exist", _pin_remedy(raw))
    values = read_yaml(raw.pin_file, _pin_remedy(raw))
    try:
        (out,) = values["outs"]
        pin, algorithm = str(out["md5"]), out["hash"]
    except (KeyError, TypeError, ValueError):
        pin, algorithm = "", None
    if not pin.endswith(".dir") or algorithm != "md5":
        raise AlphabarError(
            f"{raw.pin_file} does not pin one directory by MD5",
            f"restore it: git checkout {raw.pin_file}",
        )
    return pin


def verify(raw: RawData) -> Listing:
    """Hold the pinned folder against the hash in its .dvc file; return its listing.

    Raises:
        AlphabarError: a file changed, is missing or is there besides; the message names it, as
            far as the expected listing is known: from DVC's cache, or for packaged data from
            the packages themselves.
    """
    pinned, pin_file, pin = raw.pinned, raw.pin_file, read_pin(raw)
    if not pinned.is_dir():
        remedy = "run `alphabar data fetch`" if raw.files else f"run `dvc pull {pin_file}`"
        raise AlphabarError(f"{pinned} does not exist", remedy)
    listing = list_files(pinned)
    if listing_hash(listing) == pin:
        return listing
    expected = cached_listing(pin_file.parent, pin)
    if expected is None and raw.files is not None:
        expected = list_contents(raw.files())
    if expected is None:
        raise AlphabarError(
            f"{pinned} is not what {pin_file} pins ({listing_hash(listing)} instead of {pin})",
            f"run `dvc checkout {pin_file}` to restore it, or `dvc add {pinned}` to accept it",
        )
    if listing_hash(expected) != pin:
        raise AlphabarError(
            f"the installed packages make other files than {pin_file} pins",
            "install the versions of requirements.lock; if a source was changed on purpose, "
            f"`dvc add {pinned}`",
        )
    raise _difference(raw, listing, expected)


def _difference(
    raw: RawData, listing: Mapping[str, str], expected: Mapping[str, str]
) -> AlphabarError:
    faults = differences(listing, expected)
    if raw.files and listing.items() <= expected.items():
        some = f"{raw.pinned} has {len(listing)} of the {len(expected)} files in {raw.pin_file}"
        return AlphabarError(
            some + (f":{listed(faults)}" if listing else ""),
            "run `alphabar data fetch`",
        )
    command = "alphabar data fetch --force" if raw.files else f"dvc checkout {raw.pin_file}"
    return AlphabarError(
        f"{raw.pinned} is not what {raw.pin_file} pins: "
        f"{number_of(len(faults), 'file')} not as pinned:{listed(faults)}",
        f"run `{command}` to restore what changed or is missing; remove what does not belong there",
    )


def _pin_remedy(raw: RawData) -> str:
    if raw.files is packaged_files:
        return f"restore it: git checkout {raw.pin_file}"
    if raw.files is not None:
        return "run `alphabar data fetch`, and commit that file"
    name = raw.pinned.name
    known = sorted(path.stem for path in raw.pin_file.parent.glob("*.dvc"))
    add = f"add the images with `alphabar data add DIR --name {name}`"
    return f"{add}, or {nearest(name, known)}" if known else add
