"""What tokenizers must know, and must not, of a word that a model is to be taught."""

from collections.abc import Iterable, Sequence

from components.data.readers.reader import Reader
from components.errors import AlphabarError, number_of, shortened

FEWEST_IMAGES = 2
"""Of one image a word cannot tell what is meant from everything else that it shows."""


def tokens_of(word: str, vectors: int) -> list[str]:
    """A word, and what diffusers calls its further vectors."""
    return [word, *(f"{word}_{number}" for number in range(1, vectors))]


def untaught(encoder: str) -> AlphabarError:
    """What is said of a model whose text encoders can neither be told new words nor be trained."""
    return AlphabarError(
        f"the model's `conditioning.encoder: {encoder}` is none that can be told new words, nor "
        "trained: only one text encoder, or two CLIPs as SDXL has them, can",
        "give a model that is told captions by `minilm`, `clip:DIR`, `t5:DIR` or by Stable "
        "Diffusion's `pipeline:DIR`",
    )


def refuse_known(reader: Reader, tokens: Sequence[str], whose: str) -> None:
    """Raise AlphabarError where a tokenizer knows one of the words."""
    if known := [token for token in tokens if reader.knows(token)]:
        raise AlphabarError(
            f"{whose}: the tokenizer of `{reader.name}` knows `{known[0]}` already, which then "
            "would mean two things",
            "choose a word that nobody writes, such as <my-cat>",
        )


def start_of(reader: Reader, word: str) -> int:
    """The id of the one token that a new word's vectors start as; raises AlphabarError where
    ``word`` is several."""
    ids = reader.ids_of_word(word)
    if len(ids) != 1:
        raise AlphabarError(
            f"`finetune.initial: {word}` is {number_of(len(ids), 'token')} of "
            f"`{reader.name}`, and vectors start as those of one",
            "give a word that the tokenizer has whole, such as `cat`, `face` or `drawing`",
        )
    return ids[0]


def refuse_few_images(count: int) -> None:
    """Raise AlphabarError where a word cannot be learnt from so few."""
    if count < FEWEST_IMAGES:
        raise AlphabarError(
            f"a word is learnt from {FEWEST_IMAGES} images at least, and there is {count} to train "
            "on",
            "give 3 to 5 that show the same thing in different ways",
        )


def lacking(reader: Reader, last: str, texts: Iterable[str], limit: int) -> list[str]:
    """Those of ``texts`` that do not have a word within ``limit`` tokens.

    Args:
        reader: knows the word.
        last: the last of its tokens.
    """
    own = reader.tokenizer.token_to_id(last)
    return [text for text in texts if own not in reader.ids(text, limit)]


def refuse_cut(
    readers: Sequence[Reader],
    field: str,
    prompts: Iterable[str],
    word: str,
    max_tokens: int | None = None,
) -> None:
    """Raise AlphabarError where a subject's prompt has its word behind all that is read of it; one
    of ``readers`` that reads so far is enough.

    Args:
        field: of the section `finetune`, which the prompts come from.
        word: it stands in each of them; ``readers`` know it, where it is one of several tokens.
        max_tokens: at which they are cut, where that is less than what a reader reads.
    """
    most = [min(max_tokens or reader.limit, reader.limit) for reader in readers]
    for prompt in prompts:
        begin = prompt[: prompt.index(word) + len(word)]
        needed = [reader.count(begin) for reader in readers]
        if needed and all(n > limit for n, limit in zip(needed, most, strict=True)):
            raise AlphabarError(
                f"`finetune.{field}`: `{shortened(prompt, 200)}` has {min(needed)} tokens as far "
                f"as `finetune.token: {word}`, and {max(most)} are read",
                f"put `{{token}}` further to the front in `finetune.{field}`, as in "
                '"a {token} {class_word}"',
            )


def refuse_lacking(
    lacking: Sequence[str], count: int, token: str, limit: int, where: str = "that are trained on"
) -> None:
    """Raise AlphabarError where captions do not have the word.

    Args:
        lacking: which do not, of ``count``.
        where: which captions are looked at.
    """
    if lacking:
        raise AlphabarError(
            f"{len(lacking)} of {number_of(count, 'caption')} {where} lack "
            f"`finetune.token: {token}` within {limit} tokens, such as "
            f"`{shortened(lacking[0])}`",
            "write it into them, or say what is said in their place: `finetune.template: "
            '"a photo of a {token}"`',
        )
