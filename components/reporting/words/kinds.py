"""What fine-tunes are called together, which may be of several kinds."""

from collections.abc import Sequence
from dataclasses import fields

from components.reporting.words.naming import listed
from components.spec.catalogue.finetune_words import FinetuneWords

OF_ALL = FinetuneWords(
    act="fine-tuning",
    done="fine-tuned",
    model="fine-tuned",
    run="fine-tuned",
    goal="the holdout",
    title="Fine-tunes",
    about="",
)
"""What kinds of several words are called where one word has to stand for all."""
NAMED = 4
"""Models that are named one by one."""


def shared_words(named: Sequence[tuple[str, FinetuneWords]]) -> FinetuneWords:
    """The words of all models: what they share as it is, else that of `OF_ALL`, and what is said of
    each behind its name.

    Args:
        named: each model's name, and what its kind is called.
    """
    first = named[0][1]
    same = {
        field.name: getattr(first, field.name)
        if len({getattr(words, field.name) for _, words in named}) == 1
        else getattr(OF_ALL, field.name)
        for field in fields(FinetuneWords)
    }
    titles = dict.fromkeys(words.title for _, words in named)
    abouts: dict[str, list[str]] = {}
    for name, words in named:
        abouts.setdefault(words.about, []).append(name.replace(",", ", "))
    if len(titles) > 1:
        same["title"] = f"{OF_ALL.title}: {'; '.join(titles)}"
    if len(abouts) > 1:
        same["about"] = " ".join(f"{_named(names)}: {about}" for about, names in abouts.items())
    return FinetuneWords(**same)


def _named(names: Sequence[str]) -> str:
    more = len(names) - NAMED
    shown = [f"“{name}”" for name in names[:NAMED]]
    return listed([*shown, *([f"{more} more"] if more > 0 else [])])
