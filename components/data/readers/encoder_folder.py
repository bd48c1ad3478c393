"""A text encoder's folder, found by its name: its configuration, its tokenizer, its reader.

``clip:DIR_OR_ID`` and ``t5:DIR_OR_ID`` are looked for in the folders of weights, then from the
current folder, then in the hub's own cache; nothing is downloaded. DIR is the encoder's folder, or
a pipeline's, whose parts are then looked through. The tokenizer lies beside the encoder's files, in
their `tokenizer`, or, of a pipeline's `text_encoder_2`, in its `tokenizer_2`.
"""

from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from components.data.readers.family import FAMILIES, PIPELINE_PARTS, Family
from components.data.readers.reader import Reader
from components.data.readers.vocabulary import fault_of
from components.errors import AlphabarError, first_of, quoted, shortened
from components.files.digests import FileState, file_state, known_sha256
from components.files.hub import find_folder, places_of
from components.files.json_file import read_object
from components.spec.keys import digest
from components.spec.pipelines.weights import WeightFiles, find_weights_of

FEWEST_TOKENS = 3
"""That an encoder reads of a caption: a begin, an end, and one between them."""

CONFIG, TOKENIZER_CONFIG = "config.json", "tokenizer_config.json"
TOKENIZER_FILES = (
    "tokenizer.json",
    "vocab.json",
    "merges.txt",
    "spiece.model",
    TOKENIZER_CONFIG,
    "special_tokens_map.json",
    "added_tokens.json",
)


@dataclass(frozen=True)
class EncoderFolder:
    """Where an encoder and its tokenizer lie.

    Attributes:
        name: as the experiment file has it.
        home: holds config.json and the weights.
        tokenizer: holds the tokenizer's files.
        positions: that a pipeline reads, whatever encoder and tokenizer say; None for what they do.
    """

    name: str
    family: Family
    home: Path
    tokenizer: Path
    positions: int | None = None

    @cached_property
    def config(self) -> dict[str, Any]:
        """What config.json says of the text encoder; raises AlphabarError where it is broken."""
        return _text_config(self.home)

    def number(self, key: str) -> int:
        """A number of the configuration; AlphabarError where it has none such."""
        value = self.config.get(key)
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            raise AlphabarError(
                f"{self.home / CONFIG} has no `{key}` that is a number: {shortened(value)}",
                f"copy the folder of `{self.name}` again, or give another",
            )
        return value

    @property
    def width(self) -> int:
        """Of its token states."""
        return self.number(self.family.width)

    @property
    def weights(self) -> WeightFiles:
        """Its files of weights; AlphabarError where some are missing or cut short."""
        found = find_weights_of(self.home, self.home)
        found.names()
        return found

    @property
    def limit(self) -> int:
        """Tokens that it reads: what its positions and its tokenizer allow."""
        if self.positions is not None:
            return self.positions
        limit = self.family.limit
        most = limit if isinstance(limit, int) else self.number(limit)
        own = _reading(self).model_max_length
        if isinstance(own, bool) or not isinstance(own, int) or min(most, own) < FEWEST_TOKENS:
            raise AlphabarError(
                f"`{self.name}` reads {most} tokens by {self.home / CONFIG} and {quoted(own)} by "
                f"{self.tokenizer / TOKENIZER_CONFIG} (`model_max_length`): at least "
                f"{FEWEST_TOKENS} are needed",
                f"copy the folder of `{self.name}` again, or give another",
            )
        return min(most, own)

    def reader(self) -> Reader:
        """Its tokenizer.

        Raises:
            AlphabarError: it is broken, or knows tokens that the encoder has no embedding of.
        """
        read, known = _reading(self), self.number("vocab_size")
        last = max(read.backend_tokenizer.get_vocab().values())
        if last >= known:
            raise AlphabarError(
                f"the tokenizer in {self.tokenizer} has a token of id {last}, and the encoder in "
                f"{self.home} knows ids up to {known - 1}: they do not belong together",
                f"give `{self.name}` the tokenizer that it was trained with",
            )
        tokenizer = read.backend_tokenizer
        return Reader(self.name, self.limit, tokenizer, self.family.most, read.pad_token_id or 0)

    def files(self) -> list[Path]:
        """All that is read of it; AlphabarError where some of it is missing or cut short."""
        of_tokenizer = [self.tokenizer / name for name in TOKENIZER_FILES]
        return [self.home / CONFIG, *self.weights.all, *filter(Path.is_file, of_tokenizer)]

    def digest(self) -> str:
        """SHA-256 of `files`; AlphabarError where they are not whole, or do not fit."""
        self.reader()
        return digest([[path.name, known_sha256(path)] for path in self.files()])


def find_encoder(name: str, weights: Path | None = None) -> EncoderFolder:
    """The folder of an encoder such as ``clip:DIR_OR_ID``.

    Args:
        weights: the folder that is looked through first.

    Raises:
        AlphabarError: there is none, it holds none of the family, or it has no tokenizer.
    """
    kind, _, given = name.partition(":")
    folder, family = _folder_of(name, given, weights), FAMILIES[kind]
    home = _home_in(name, folder, family)
    return EncoderFolder(name, family, home, _tokenizer_of(name, home, family))


def _folder_of(name: str, given: str, weights: Path | None) -> Path:
    found = find_folder(given, Path(), weights)
    if found is None:
        looked = first_of([str(place.absolute()) for place in places_of(given, Path(), weights)])
        raise AlphabarError(
            f"there is no text encoder `{name}`: looked for {looked}, and in the hub's own cache",
            f"give a folder, put it there, or run `hf download {given}` first",
        )
    return found.absolute()


def _home_in(name: str, folder: Path, family: Family) -> Path:
    """The folder itself or a pipeline's part, whichever holds an encoder of the family."""
    homes = [folder, *(folder / part for part in PIPELINE_PARTS)]
    there = [home for home in homes if (home / CONFIG).is_file()]
    kinds = {home: _model_type(home) for home in there}
    fits = next((home for home in there if kinds[home] in family.model_types), None)
    if fits is not None:
        return fits
    if there:
        said = first_of([f"`{shortened(kinds[home])}` in {home}" for home in there])
        what = f"{folder} holds no {family.words.partition(' ')[2]}: its config.json says {said}"
    elif _has_tokenizer(folder, family):
        what = f"{folder} has a tokenizer, and no encoder: {CONFIG} and the weights are missing"
    else:
        what = f"{folder} has no {CONFIG}, nor have its parts {', '.join(PIPELINE_PARTS)}"
    raise AlphabarError(f"`{name}`: {what}", f"give the folder of {family.words}")


def _model_type(home: Path) -> Any:
    return _text_config(home).get("model_type", "")


def _text_config(home: Path) -> dict[str, Any]:
    """config.json, or of a whole CLIP's the part of its text encoder."""
    values = read_object(home / CONFIG, "copy the encoder's folder again, or give another")
    inside = values.get("text_config")
    if inside and not isinstance(inside, dict):
        raise AlphabarError(
            f"{home / CONFIG}: `text_config: {quoted(inside)}` is no configuration",
            "copy the encoder's folder again, or give another",
        )
    return values | inside | {"model_type": values.get("model_type")} if inside else values


def _tokenizer_of(name: str, home: Path, family: Family) -> Path:
    places = [home, home / "tokenizer"]
    if home.name in PIPELINE_PARTS:
        places.append(home.parent / home.name.replace("text_encoder", "tokenizer"))
    found = next((place for place in places if _has_tokenizer(place, family)), None)
    if found is None:
        raise AlphabarError(
            f"`{name}`: {home} has an encoder, and no tokenizer: there is no {_sets(family)} "
            f"that is not empty in {first_of([str(place) for place in places], ' or ')}",
            "copy the tokenizer's files beside the encoder's",
        )
    return found


def _sets(family: Family) -> str:
    return " or ".join(" with ".join(names) for names in family.tokenizer_files)


def _has_tokenizer(folder: Path, family: Family) -> bool:
    return any(all(_holds(folder / n) for n in names) for names in family.tokenizer_files)


def _holds(path: Path) -> bool:
    return path.is_file() and path.stat().st_size > 0


def _reading(folder: EncoderFolder) -> Any:
    files = [folder.tokenizer / name for name in TOKENIZER_FILES]
    states = tuple(file_state(path) for path in files if path.is_file())
    fault: str | None = f"there is no {_sets(folder.family)} that is not empty"
    cause = None
    if _has_tokenizer(folder.tokenizer, folder.family):
        try:
            read, fault = _read_tokenizer(folder.family.tokenizer, folder.tokenizer, states)
        except Exception as error:  # its reasons are of what it tried last, and mislead
            cause, fault = error, "its files are broken, or another tokenizer's"
    if fault:
        raise AlphabarError(
            f"`{folder.name}`: {folder.tokenizer} holds no whole {folder.family.tokenizer}: "
            f"{fault}",
            "copy the tokenizer again, or give another",
        ) from cause
    return read


@lru_cache(maxsize=16)
def _read_tokenizer(
    kind: str, folder: Path, states: tuple[FileState, ...]
) -> tuple[Any, str | None]:
    """The tokenizer as transformers reads it, without torch, and without cutting or padding; and
    what is wrong with its vocabulary."""
    import transformers

    found = getattr(transformers, kind).from_pretrained(str(folder), local_files_only=True)
    found.backend_tokenizer.no_truncation()
    found.backend_tokenizer.no_padding()
    return found, fault_of(found)
