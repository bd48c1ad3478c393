"""What a text encoder reads of a caption, known without its network and without torch."""

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any


@dataclass(frozen=True, eq=False)
class Reader:
    """A tokenizer and how much its encoder reads.

    An added token `tok` with `tok_1`, `tok_2`, … beside it stands for all of them, as diffusers has
    it of textual inversions.

    Attributes:
        name: of the encoder, as the experiment file has it.
        limit: tokens that it reads of a caption, begin and end among them.
        tokenizer: of the package `tokenizers`; it neither cuts nor pads.
        most: caption → tokens that it has no more than; quick.
        pad: the token behind a caption where all are made as long.
        added: tokens that its files do not know.
    """

    name: str
    limit: int
    tokenizer: Any
    most: Callable[[str], int]
    pad: int = 0
    added: tuple[str, ...] = ()

    def count(self, caption: str) -> int:
        """Tokens of the whole caption, begin and end among them."""
        return len(self._whole(caption))

    def ids(self, caption: str, limit: int) -> list[int]:
        """The ids of a caption: at most ``limit``, and of the reader's own limit. Of a longer one
        the beginning and its end token are kept."""
        ids = self._whole(caption)
        most = min(limit, self.limit)
        return ids if len(ids) <= most else [*ids[: most - 1], ids[-1]]

    def ids_of_word(self, word: str) -> list[int]:
        """The ids of a word alone, without begin and end."""
        ids: list[int] = self.tokenizer.encode(word, add_special_tokens=False).ids
        return ids

    def knows(self, word: str) -> bool:
        """Whether one token is that word, or is called so."""
        return self.tokenizer.token_to_id(word) is not None or len(self.ids_of_word(word)) == 1

    def with_tokens(self, tokens: Sequence[str]) -> "Reader":
        """The same that knows further tokens, whose ids follow its own in their order."""
        tokenizer = copy.deepcopy(self.tokenizer)
        tokenizer.add_tokens([*tokens])

        def most(caption: str) -> int:
            return self.most(caption) + len(tokens) * caption.lower().count(tokens[0].lower())

        return replace(self, tokenizer=tokenizer, most=most, added=(*self.added, *tokens))

    def _whole(self, caption: str) -> list[int]:
        ids: list[int] = self.tokenizer.encode(caption).ids
        if not self._several:
            return ids
        return [each for number in ids for each in self._several.get(number, (number,))]

    @cached_property
    def _several(self) -> dict[int, tuple[int, ...]]:
        """Id of an added token → those that it stands for, where they are several."""
        decoder = self.tokenizer.get_added_tokens_decoder()
        added = {token.content: number for number, token in decoder.items()}
        found = {}
        for token, number in added.items():
            ids = [number]
            while (more := added.get(f"{token}_{len(ids)}")) is not None:
                ids.append(more)
            if len(ids) > 1:
                found[number] = tuple(ids)
        return found
