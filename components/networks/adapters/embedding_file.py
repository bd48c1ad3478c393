"""Files of new words' vectors (textual inversion: Gal et al. 2022), of one's own and of others.

diffusers   learned_embeds.safetensors: one tensor, whose name is the word, (width,) or
            (vectors, width)
kohya       SD {"emb_params"}, SDXL {"clip_l", "clip_g"}, each (vectors, width): the file's name is
            the word
A1111       a pickle: `string_to_param["*"]`, its `name` is the word
ours        adapter.safetensors: as diffusers' file, or as kohya's of SDXL; its header has the word
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from torch import Tensor

from components.data.readers.words import tokens_of
from components.errors import AlphabarError, first_of, quoted
from components.files.manifest import intact
from components.networks.adapters.lora_file import content_of, is_of_layers
from components.networks.checkpoint import LARGEST_WEIGHT
from components.networks.part_weights import unpickled

DIFFUSERS_FILES = ("learned_embeds.safetensors", "learned_embeds.bin")
PICKLES = (".pt", ".bin", ".pth", ".ckpt")
SD_KEY, SDXL_KEYS = "emb_params", ("clip_l", "clip_g")
TOKEN, TEMPLATE = "token", "template"
"""Entries of the header of our own files."""

MOST_VECTORS, MOST_BYTES = 64, 2**24
"""That stand for a word, and of a file: 64 vectors of two encoders take 1 MB at most."""

_REMEDY = (
    "give what diffusers, kohya's scripts or A1111 have written of a textual inversion, as "
    ".safetensors where there is one"
)


@dataclass(frozen=True)
class Embedding:
    """A new word.

    Attributes:
        token: the word.
        vectors: of each text encoder, (vectors, width) float32; as many of each.
        template: as `TextCondition` has it.
    """

    token: str
    vectors: tuple[Tensor, ...]
    template: str | None = None

    @property
    def count(self) -> int:
        """Vectors that the word stands for, in each encoder."""
        return len(self.vectors[0])

    @property
    def tokens(self) -> list[str]:
        """The word, and what diffusers calls its further vectors."""
        return tokens_of(self.token, self.count)

    def tensors(self) -> dict[str, Tensor]:
        """As a file has it."""
        names = (self.token,) if len(self.vectors) == 1 else SDXL_KEYS
        return dict(zip(names, self.vectors, strict=True))

    def entries(self) -> dict[str, str]:
        """Of the header."""
        more = {TEMPLATE: self.template} if self.template is not None else {}
        return {TOKEN: self.token, **more}


def find_embedding(path: Path) -> Path | None:
    """The file of an embedding that is meant by a file or folder; None where it is none."""
    if path.is_dir():
        found = [path / name for name in DIFFUSERS_FILES if (path / name).is_file()]
        return found[0] if found else None
    if path.suffix in PICKLES and path.is_file():
        return path
    try:
        with safe_open(intact(path), framework="np") as file:
            keys = list(file.keys())
    except (SafetensorError, OSError):
        return None
    return path if _is_sdxl(keys) or (len(keys) == 1 and not is_of_layers(keys[0])) else None


def read_embedding(path: Path) -> Embedding:
    """What the file ``path`` holds.

    Raises:
        AlphabarError: it is broken, a pickle that needs more than `weights_only`, or no embedding.
    """
    if path.stat().st_size > MOST_BYTES:
        raise AlphabarError(
            f"{path} has {path.stat().st_size:,} bytes, and an embedding at most {MOST_BYTES:,}",
            _REMEDY,
        )
    if path.suffix in PICKLES:
        held, said = unpickled(path, _REMEDY), dict[str, str]()
    else:
        held, said = content_of(path, _REMEDY)
    token, tensors = _content(path, held)
    token = said.get(TOKEN, token)
    if not token or token.split() != [token]:
        raise AlphabarError(
            f"{path}: its word {quoted(token)} is none",
            "give one whose word has no spaces; where the file's name is the word, rename it",
        )
    vectors = tuple(_vectors(path, tensor) for tensor in tensors)
    counts = {len(each) for each in vectors}
    if len(counts) > 1 or max(counts) > MOST_VECTORS:
        raise AlphabarError(
            f"{path} has {first_of([str(len(each)) for each in vectors], ' and ')} vectors of a "
            f"word: as many of each encoder are read, at most {MOST_VECTORS}",
            _REMEDY,
        )
    return Embedding(token, vectors, said.get(TEMPLATE))


def _content(path: Path, held: object) -> tuple[str, list[Any]]:
    """The word, and its vectors in each encoder."""
    if isinstance(held, Mapping):
        own = held.get("string_to_param")
        if isinstance(own, Mapping) and "*" in own:
            name = held.get("name")
            return name if isinstance(name, str) else path.stem, [own["*"]]
        if _is_sdxl(held):
            return path.stem, [held[key] for key in SDXL_KEYS]
        if any(is_of_layers(str(key)) for key in held):
            raise AlphabarError(
                f"{path} is a LoRA as a pickle, which is not read", "give it as .safetensors"
            )
        if len(held) == 1:
            (key, tensor), *_ = held.items()
            return path.stem if key == SD_KEY else str(key), [tensor]
    raise AlphabarError(f"{path} holds no embedding of a word", _REMEDY)


def _is_sdxl(keys: Any) -> bool:
    return set(keys) == set(SDXL_KEYS)


def _vectors(path: Path, tensor: Any) -> Tensor:
    if not isinstance(tensor, Tensor) or not tensor.is_floating_point():
        raise AlphabarError(f"{path} holds no embedding of a word", _REMEDY)
    rows = tensor.detach().float()
    rows = rows[None] if rows.ndim == 1 else rows
    if rows.ndim != 2 or not len(rows):
        raise AlphabarError(f"{path} has vectors of shape {tuple(tensor.shape)}", _REMEDY)
    if not bool((rows.abs() < LARGEST_WEIGHT).all()):
        raise AlphabarError(
            f"{path} has numbers that are not finite, or beyond {LARGEST_WEIGHT:.0e}",
            "the file is damaged, or its training has diverged: give another",
        )
    return rows
