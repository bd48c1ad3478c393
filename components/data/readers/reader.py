"""What a text encoder reads of a caption, known without its network and without torch."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, eq=False)
class Reader:
    """A tokenizer and how much its encoder reads.

    Attributes:
        name: of the encoder, as the experiment file has it.
        limit: tokens that it reads of a caption, begin and end among them.
        tokenizer: of the package `tokenizers`; it neither cuts nor pads.
        most: caption → tokens that it has no more than; quick.
        pad: the token behind a caption where all are made as long.
    """

    name: str
    limit: int
    tokenizer: Any
    most: Callable[[str], int]
    pad: int = 0

    def count(self, caption: str) -> int:
        """Tokens of the whole caption, begin and end among them."""
        return len(self.tokenizer.encode(caption).ids)

    def ids(self, caption: str, limit: int) -> list[int]:
        """The ids of a caption: at most ``limit``, and of the reader's own limit. Of a longer one
        the beginning and its end token are kept."""
        ids: list[int] = self.tokenizer.encode(caption).ids
        most = min(limit, self.limit)
        return ids if len(ids) <= most else [*ids[: most - 1], ids[-1]]
