"""What a user's own split says: its words, and the folders that bear them."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from components.data.arrays import SplitName

WORDS: "dict[str, SplitName]" = {
    "train": "train",
    "training": "train",
    "holdout": "holdout",
    "test": "holdout",
    "testing": "holdout",
    "val": "holdout",
    "valid": "holdout",
    "validation": "holdout",
    "dev": "holdout",
    "eval": "holdout",
    "evaluation": "holdout",
}
"""Every word for a split, in small letters → the split here: what is not trained on is held out."""


def split_of(word: str) -> "SplitName":
    """The split that ``word`` names; raises ValueError with what is known."""
    try:
        return WORDS[word.casefold()]
    except KeyError:
        raise ValueError(f"the split {word!r} is none of {', '.join(WORDS)}") from None


def is_split(folder: str) -> bool:
    """Whether a folder's name is a word for a split, so that it is no class."""
    return folder.casefold() in WORDS
