"""Which class and caption each sample is asked for."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from components.data.arrays import SplitName, load_captions, load_classes, load_info
from components.data.prompt_file import read_prompts
from components.networks.conditioners import Conditioner
from components.networks.conditioners.conditioner import Prompt
from components.networks.conditioners.text import worded
from components.spec.model_config import ImagesSpec


@dataclass(frozen=True)
class Prompts:
    """One entry a sample; class −1 and label "" where the data has no classes.

    Attributes:
        groups: what a file of prompts calls each one's group; empty where there are no groups.
        told: what the model is told in the captions' place; empty where it is told those.
    """

    classes: tuple[int, ...]
    labels: tuple[str, ...]
    captions: tuple[str, ...]
    groups: tuple[str, ...] = ()
    told: tuple[str, ...] = ()

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
            tuple(self.told[row] for row in rows if self.told),
        )


def split_prompts(data: Path, split: SplitName, count: int, conditioner: Conditioner) -> Prompts:
    """``count`` prompts that go with a split's images, the same ones at every call.

    For a model that reads captions they are the split's distinct first captions in turn, and where
    these are more than ``count``, some at equal distances; captions of several classes take turns.
    Of any other model of data with classes each class is asked for as often: sample k has class
    k mod C and that class's caption.
    """
    info = load_info(data)
    if info.classes and not conditioner.readers:
        captions_of = class_captions(data)
        classes = [k % len(info.classes) for k in range(count)]
        asked = [captions_of[c] for c in classes]
    else:
        captions = load_captions(data, split)
        distinct, rows = np.unique(captions.first_ids(), return_index=True)
        class_of = load_classes(data, split)[rows] if info.classes else np.full(len(rows), -1)
        turns = _in_turn(class_of)
        of_each = max(len(turns), count)  # of the numbers that are asked, each takes a caption
        chosen = turns[np.arange(count) * of_each // count % len(turns)]
        classes = class_of[chosen].tolist()
        asked = captions.some_texts(distinct[chosen])
    labels = [info.classes[c] if c >= 0 else "" for c in classes]
    told = worded(conditioner, asked)
    other = told if told != tuple(asked) else ()
    return Prompts(tuple(classes), tuple(labels), tuple(asked), told=other)


def _in_turn(classes: NDArray[np.int64]) -> NDArray[np.int64]:
    """An order in which all classes' first entries stand before any class's second one."""
    by_class = np.argsort(classes, kind="stable")
    ordered = classes[by_class]
    rank = np.empty(len(classes), np.int64)
    rank[by_class] = np.arange(len(classes)) - np.searchsorted(ordered, ordered)
    return np.lexsort((classes, rank))


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
    """The caption that each class of the data is asked for by: its first one in the holdout, or,
    where nothing of it is held out, in the training split.

    Empty for data without classes.
    """
    found = [""] * len(load_info(data).classes)
    for split in ("train", "holdout") if found else ():
        numbers, rows = np.unique(load_classes(data, split), return_index=True)
        known = (numbers >= 0) & (numbers < len(found))
        captions = load_captions(data, split).firsts(rows[known])
        for number, caption in zip(numbers[known].tolist(), captions, strict=True):
            found[number] = caption
    return found
