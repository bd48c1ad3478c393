"""The class of an image, as an index; the index after the last class means "no class"."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from components.data.readers import Reader
from components.errors import AlphabarError
from components.networks.conditioners.conditioner import Exported, Given, Prompt, Table
from components.networks.conditioners.rows import Rows, take
from components.spec.class_names import unknown_class

LABELS = "class_labels"
"""The rows' name, as diffusers' networks call it."""


@dataclass(frozen=True)
class ClassCondition:
    """Class indices.

    Attributes:
        names: of the classes.
        captions: each class's own; empty where they are not known.
    """

    names: Sequence[str]
    captions: Sequence[str] = ()
    width: int | None = None
    pooled: int | None = None
    readers: Sequence[Reader] = ()

    @property
    def n_classes(self) -> int:
        return len(self.names)

    def encode(self, classes: Sequence[int], captions: Sequence[str]) -> Rows:
        labels = torch.as_tensor(classes, dtype=torch.int64)
        if len(labels) and not bool(((labels >= 0) & (labels < self.n_classes)).all()):
            raise AlphabarError(
                f"a class lies outside 0 … {self.n_classes - 1}",
                "use the classes that the model was trained on",
            )
        return {LABELS: labels}

    def table(self, classes: Sequence[int], captions: Sequence[str]) -> Table:
        rows = self.encode(classes, captions)
        return lambda index: take(rows, index)

    def null(self, count: int) -> Rows:
        return {LABELS: torch.full((count,), self.n_classes, dtype=torch.int64)}

    def prompt(self, text: str) -> Prompt:
        if text not in self.names:
            raise unknown_class(text, self.names, self.captions)
        index = self.names.index(text)
        return Prompt(index, text, (self.captions or self.names)[index] or text)

    def unprompted(self) -> Sequence[str]:
        return self.names

    def release(self) -> None:
        """It has loaded nothing."""

    def exported(self) -> Exported:
        names, count = self.names, self.n_classes
        named = ", ".join(f"{index} `{label}`" for index, label in enumerate(names[:100]))
        more = f" and so on, up to {count - 1}" if count > 100 else ""
        return Exported(
            f"It draws {count} classes: {named}{more}. "
            f"Class {count} is the null class: no condition, which guidance needs.\n",
            code=[
                f'told = {{"{LABELS}": torch.tensor([0, {count - 1}])}}',
                _null(count),
            ],
            prompts=[names[0], names[-1]],
            negative=lambda label: _null(self.prompt(label).index),
            index={"classes": list(names)},
        )


def _null(index: int) -> str:
    return f'null = {{"{LABELS}": torch.tensor([{index}, {index}])}}'


def class_label(given: Given) -> ClassCondition:
    """A model that is told the class.

    Raises:
        AlphabarError: the data has no classes.
    """
    if not given.classes:
        raise AlphabarError(
            "`conditioning.encoder: class` needs labels, and the data has none",
            "use `conditioning.encoder: minilm` (captions) or `none`",
        )
    return ClassCondition(tuple(given.classes), tuple(given.captions))
