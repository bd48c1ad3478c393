"""What a user asks a model for, as prompts that it understands."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from components.data.arrays import SplitName
from components.data.readers import Reader, cut_of
from components.errors import AlphabarError, quoted
from components.files.text_file import odd_character
from components.generation.prompts import Prompts, file_prompts, split_prompts
from components.generation.sampler import Sampler
from components.networks.checkpoint import Checkpoint


@dataclass(frozen=True)
class SplitCaptions:
    """The captions of a split of prepared data."""

    data: Path
    split: SplitName


Asked = Sequence[str] | Path | SplitCaptions
"""Words that images take turns with, a file of them, or the captions of a split."""


def all_prompts(model: Checkpoint, asked: Asked, count: int) -> Prompts:
    """What ``count`` images of ``model`` are asked for.

    Raises:
        AlphabarError: a word that the model does not know, none where it needs one, or a file of
            prompts that is broken.
    """
    if isinstance(asked, SplitCaptions):
        return split_prompts(asked.data, asked.split, count, model.conditioner)
    if isinstance(asked, Path):
        return file_prompts(asked, model.conditioner, count)
    return prompts_of(model, asked, count)


def prompts_of(model: Checkpoint, asked: Sequence[str], count: int) -> Prompts:
    """What ``count`` images of ``model`` are asked for: ``asked`` in turn, else all it knows.

    Raises:
        AlphabarError: a word that the model does not know, none where it needs one, or a text
            that no file can keep.
    """
    for text in asked:
        if odd := odd_character(text, lines=True):
            raise AlphabarError(
                f"the prompt {quoted(text)} holds the character {odd}",
                "give it as UTF-8 text without control characters",
            )
    known = [model.conditioner.prompt(text) for text in asked or model.conditioner.unprompted()]
    turns = [known[k % len(known)] for k in range(count)]
    return Prompts(
        tuple(prompt.index for prompt in turns),
        tuple(prompt.label for prompt in turns),
        tuple(prompt.caption for prompt in turns),
    )


def prompt_words(sampler: Sampler, asked: Sequence[str]) -> list[str]:
    """What is to be said of prompts, and of the negative one: which are empty, and which are longer
    than the model's encoder reads, and which words of its adapters nobody has written; nothing
    where none is."""
    readers = sampler.model.conditioner.readers
    negative = sampler.sampling.negative_prompt
    texts = [*dict.fromkeys([*asked, *([negative] if negative else [])])]
    cut = cut_of(texts, readers) if readers else None
    empty = ["an empty prompt is no condition: the model is told nothing"]
    return [
        *(empty if readers and not all(text.strip() for text in asked) else []),
        *([cut.words("prompts")] if cut is not None and cut.cut else []),
        *(f"no prompt has the word `{word}`" for word in _unsaid(readers, texts)),
    ]


def _unsaid(readers: Sequence[Reader], texts: Sequence[str]) -> list[str]:
    """Words that adapters have taught the model, and that none of ``texts`` has."""
    added = readers[0].added if readers else ()
    words = [token for token in added if token.rpartition("_")[0] not in added]
    return [word for word in words if not any(word.lower() in text.lower() for text in texts)]


def edit_prompts(sampler: Sampler, asked: Sequence[str], count: int) -> Prompts | None:
    """What ``count`` edited images are asked for: ``asked`` in turn, or nothing (None).

    Raises:
        AlphabarError: a word that the model does not know, or guidance has nothing to guide to.
    """
    model, sampling = sampler.model, sampler.sampling
    if asked:
        return prompts_of(model, asked, count)
    conditional = bool(model.conditioner.null(1))
    if sampler.guide is None and (sampling.guidance != 1 or sampling.negative_prompt):
        raise AlphabarError(
            "guidance needs something to guide to",
            "give a --prompt, or --guidance 1" if conditional else "leave guidance out",
        )
    return None
