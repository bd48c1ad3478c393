"""Files of weights of a pipeline's part, by name: whole or in shards, safetensors before .bin, full
precision before a variant such as fp16."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from safetensors import SafetensorError, safe_open

from components.errors import AlphabarError, first_line, first_of, quoted
from components.files.json_file import read_object
from components.files.manifest import intact

STEMS = ("diffusion_pytorch_model", "model", "pytorch_model")
"""What diffusers and transformers call them."""

SUFFIXES = (".safetensors", ".bin")
REMEDY = "copy the directory again, or download it anew"

_FIXED = ("index", "json")

_POINTER = b"version https://git-lfs"

_VARIANT = re.compile(r"^[A-Za-z0-9_]{1,32}$")


@dataclass(frozen=True)
class WeightFiles:
    """The files of one part.

    Attributes:
        files: at least one, in order.
        index: the file that says which tensor lies in which shard; None for one file.
    """

    files: tuple[Path, ...]
    index: Path | None = None

    @property
    def pickled(self) -> bool:
        return self.files[0].suffix == ".bin"

    @property
    def variant(self) -> str | None:
        """Such as ``fp16``; None where there is none."""
        parts = (self.index or self.files[0]).name.split(".")[1:]
        named = [part for part in parts if f".{part}" not in SUFFIXES and part not in _FIXED]
        return named[0].partition("-")[0] if named else None

    def names(self) -> set[str] | None:
        """Of the tensors; None of .bin files, which must be read for that.

        Raises:
            AlphabarError: a file is cut short.
        """
        return None if self.pickled else set(self.shapes())

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Every tensor's shape, by name, from the headers of safetensors; raises AlphabarError as
        `names` does."""
        found: dict[str, tuple[int, ...]] = {}
        for path in self.files:
            try:
                with safe_open(intact(path), framework="np") as file:
                    for name in file.keys():  # noqa: SIM118
                        found[name] = tuple(file.get_slice(name).get_shape())
            except (SafetensorError, OSError) as error:
                raise AlphabarError(
                    f"{path} is not a whole file of weights ({first_line(error)})", REMEDY
                ) from error
        return found

    @property
    def all(self) -> tuple[Path, ...]:
        """With the index: whatever is read."""
        return self.files if self.index is None else (*self.files, self.index)


def find_weights_of(part: Path, root: Path) -> WeightFiles:
    """The files of weights in the folder ``part`` of the directory ``root``.

    Raises:
        AlphabarError: there are none, shards are missing, a name leads out of the directory, or
            a file is but git-LFS's pointer to one.
    """
    names = sorted(path.name for path in part.iterdir() if path.is_file() or path.is_symlink())
    for suffix in SUFFIXES:
        for variant in _variants(names, suffix):
            if (found := _one(part, names, suffix, variant)) is not None:
                return _inside(found, root)
    raise AlphabarError(
        f"{part} has no weights: no {' or '.join(f'{STEMS[0]}{s}' for s in SUFFIXES)} "
        "(or `model`), whole, in shards or as a variant",
        REMEDY,
    )


def _variants(names: Iterable[str], suffix: str) -> list[str]:
    """The variants that there are, no variant first, then fp16."""
    found = set()
    for name in names:
        stem, dot, rest = name.partition(".")
        if dot and stem in STEMS and name.endswith(suffix):
            found.add(rest.removesuffix(suffix.lstrip(".")).rstrip("."))
        if f"{suffix}.index." in name and name.endswith(".json"):
            found.add(name.partition(f"{suffix}.index.")[2].removesuffix("json").rstrip("."))
    named = {variant for variant in found if not variant or _VARIANT.match(variant)}
    return sorted(named, key=lambda variant: (variant != "", variant != "fp16", variant))


def _one(part: Path, names: list[str], suffix: str, variant: str) -> WeightFiles | None:
    dotted = f".{variant}" if variant else ""
    for stem in STEMS:
        if (name := f"{stem}{dotted}{suffix}") in names:
            return WeightFiles((part / name,))
        if (name := f"{stem}{suffix}.index{dotted}.json") in names:
            return _sharded(part / name)
    return None


def _sharded(index: Path) -> WeightFiles:
    listed = read_object(index, REMEDY).get("weight_map")
    if not isinstance(listed, dict) or not listed:
        raise AlphabarError(f"{index} has no `weight_map`", REMEDY)
    shards = sorted({str(name) for name in listed.values()})
    for name in shards:
        if Path(name).name != name or Path(name).suffix not in SUFFIXES:
            raise AlphabarError(f"{index} names {quoted(name)}, which is no file beside it", REMEDY)
    missing = [name for name in shards if not (index.parent / name).is_file()]
    if missing:
        raise AlphabarError(f"{index.parent} lacks the shards {first_of(missing, most=3)}", REMEDY)
    return WeightFiles(tuple(index.parent / name for name in shards), index)


def _inside(found: WeightFiles, root: Path) -> WeightFiles:
    for path in found.all:
        refuse_outside(path, root)
        with path.open("rb") as file:
            if file.read(len(_POINTER)) == _POINTER:
                raise AlphabarError(
                    f"{path} is a pointer of git-LFS, and not the weights themselves",
                    "run `git lfs pull` in the directory that was cloned, or download it anew",
                )
    return found


def refuse_outside(path: Path, root: Path) -> None:
    """Raise AlphabarError where ``path`` is a link that leads out of ``root``, or a broken one.

    A snapshot in a hub's cache is made of links into the ``blobs`` beside it.
    """
    home = root.resolve()
    snapshot = (each for each in home.parents if each.name == "snapshots")
    home = next((each.parent for each in snapshot), home)
    if not path.resolve().is_relative_to(home):
        raise AlphabarError(
            f"{path} is a link that leads out of {root}", "copy what it leads to in its place"
        )
    if not path.exists():
        raise AlphabarError(f"{path} is missing: the directory is half-copied", REMEDY)
