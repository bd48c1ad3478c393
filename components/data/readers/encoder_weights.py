"""The files of a text encoder's weights as transformers lays them out, looked at without torch."""

from dataclasses import dataclass
from pathlib import Path

from safetensors import SafetensorError, safe_open

from components.errors import AlphabarError, first_of, shortened
from components.files.json_file import read_object


@dataclass(frozen=True)
class EncoderWeights:
    """What is read of a folder.

    Attributes:
        files: an index, where there is one, and the files with tensors.
        variant: part of their names, such as ``fp16``; None for whole weights.
        safe: whether they are safetensors; else .bin files, which are read without pickles.
    """

    files: tuple[Path, ...]
    variant: str | None
    safe: bool

    def names(self) -> set[str] | None:
        """Of its tensors; None where they are not known without reading them."""
        if not self.safe:
            return None
        found: set[str] = set()
        for path in self.files:
            if path.suffix == ".safetensors":
                with safe_open(path, framework="np") as file:
                    found |= set(file.keys())
        return found


VARIANTS = (None, "fp16")
KINDS = (("model", "safetensors", True), ("pytorch_model", "bin", False))


def weights_in(home: Path, name: str) -> EncoderWeights:
    """The weights in ``home``: safetensors before .bin, whole before halves, one file or several.

    Args:
        name: of the encoder, for messages.

    Raises:
        AlphabarError: there are none, or one is missing or cut short.
    """
    for stem, suffix, safe in KINDS:
        for variant in VARIANTS:
            of_variant = f".{variant}" if variant else ""
            alone = home / f"{stem}{of_variant}.{suffix}"
            index = home / f"{stem}.{suffix}.index{of_variant}.json"
            if alone.is_file():
                return _sound(EncoderWeights((alone,), variant, safe), name)
            if index.is_file():
                parts = _named_by(index, name)
                return _sound(EncoderWeights((index, *parts), variant, safe), name)
    raise AlphabarError(
        f"`{name}`: {home} has no weights: no model.safetensors, no pytorch_model.bin, in one "
        "file or several",
        "copy the encoder's folder again, or give another",
    )


def _named_by(index: Path, name: str) -> list[Path]:
    remedy = f"copy the folder of `{name}` again"
    named = read_object(index, remedy).get("weight_map")
    if not isinstance(named, dict) or not all(isinstance(each, str) for each in named.values()):
        raise AlphabarError(f"{index} has no `weight_map`", remedy)
    parts = [index.parent / file for file in sorted({*named.values()})]
    outside = [path.name for path in parts if path.parent != index.parent]
    missing = outside or [path.name for path in parts if not path.is_file()]
    if missing:
        raise AlphabarError(
            f"{index} names files that are not there: {first_of(missing, most=3)}", remedy
        )
    return parts


def _sound(weights: EncoderWeights, name: str) -> EncoderWeights:
    for path in weights.files:
        if path.suffix == ".safetensors":
            try:
                with safe_open(path, framework="np"):
                    pass
            except (SafetensorError, OSError) as error:
                first = shortened((str(error).splitlines() or [""])[0], 200)
                raise AlphabarError(
                    f"{path} is not whole ({first})", f"copy the folder of `{name}` again"
                ) from error
    return weights
