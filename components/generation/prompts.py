"""Which class and caption each sample is asked for."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from components.data.arrays import SplitName, load_captions, load_classes, load_info
from components.data.prompt_file import read_prompts
from components.networks.conditioners import Conditioner
from components.networks.conditioners.conditioner import Prompt
from components.spec.model_config import ImagesSpec


@dataclass(frozen=True)
class Prompts:
    """One entry a sample; class −1 and label "" where the data has no classes.

    Attributes:
        groups: what a file of prompts calls each one's group; empty where there are no groups.
    """

    classes: tuple[int, ...]
    labels: tuple[str, ...]
    captions: tuple[str, ...]
    groups: tuple[str, ...] = ()

    @classmethod
    def of(cls, classes: Sequence[int], captions: Sequence[str]) -> "Prompts":
        """Classes and captions, of which nobody asks what the classes are called."""
        return cls(tuple(classes), ("",) * len(classes), tuple(captions))

    def __len__(self) -> int:
        return len(self.captions)

    def some(self, rows: Sequence[int]) -> "Prompts":
        """Those of the chosen samples."""
        return Prompts(
            tuple(self.classes[row] for row in rows),
            tuple(self.labels[row] for row in rows),
            tuple(self.captions[row] for row in rows),
            tuple(self.groups[row] for row in rows if self.groups),
        )


def split_prompts(data: Path, split: SplitName, count: int) -> Prompts:
    """``count`` prompts that go with a split's images, the same ones at every call.

    With classes they are balanced: sample k has class k mod C and the first holdout caption
    of that class. Without, they are the split's distinct captions in turn, and where these are
    more than ``count``, some at equal distances.
    """
    info = load_info(data)
    if not info.classes:
        captions = load_captions(data, split)
        distinct = captions.first_ids()
        of_each = max(len(distinct), count)  # of the numbers that are asked, each takes a caption
        chosen = captions.some_texts(distinct[np.arange(count) * of_each // count % len(distinct)])
        return Prompts((-1,) * count, ("",) * count, tuple(chosen))
    captions_of = class_captions(data)
    classes = tuple(k % len(info.classes) for k in range(count))
    return Prompts(
        classes,
        tuple(info.classes[c] for c in classes),
        tuple(captions_of[c] for c in classes),
    )


def file_prompts(path: Path, conditioner: Conditioner, count: int) -> Prompts:
    """``count`` prompts of a file in turn, the same ones at every call.

    Captions that are longer than their encoder reads are cut there, as those of the data are.

    Raises:
        AlphabarError: the file is broken, or a prompt is none of the model's classes.
    """
    found = read_prompts(path)
    asked = [
        conditioner.prompt(text) if conditioner.n_classes else Prompt(-1, "", text)
        for text in found.prompts
    ]
    turns = [k % len(asked) for k in range(count)]
    return Prompts(
        tuple(asked[turn].index for turn in turns),
        tuple(asked[turn].label for turn in turns),
        tuple(asked[turn].caption for turn in turns),
        tuple(found.groups[turn] for turn in turns) if any(found.groups) else (),
    )


def images_of(data: Path) -> ImagesSpec:
    """The images that a model of ``data`` draws."""
    info = load_info(data)
    return ImagesSpec(
        size=info.size,
        channels=info.channels,
        classes=list(info.classes),
        captions=class_captions(data),
    )


def class_captions(data: Path) -> list[str]:
    """The caption that each class of the data is asked for by: its first one in the holdout.

    Empty for data without classes.
    """
    found = [""] * len(load_info(data).classes)
    if not found:
        return found
    numbers, rows = np.unique(load_classes(data, "holdout"), return_index=True)
    known = (numbers >= 0) & (numbers < len(found))
    captions = load_captions(data, "holdout").firsts(rows[known])
    for number, caption in zip(numbers[known].tolist(), captions, strict=True):
        found[number] = caption
    return found
