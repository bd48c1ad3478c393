"""All figures of one set of images: what the judge finds and everybody else reads."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from components.figures.closest import ClosestPairs
from components.figures.figure import Figure, Origins

Figures = Mapping[str, Figure]
"""Metric → figure."""


@dataclass(frozen=True, eq=False)
class Judgement:
    """Every figure of an image set.

    Attributes:
        figures: by full name.
        groups: figures of parts of the images: group → name → figure.
        left_out: figures that could not be measured, and why.
        notes: sentences about the images that bear on every figure.
        folders: how folders of files were read: role → their content and what was left.
        origins: what the images were made from; images without are never paired.
        closest: what shows whether the model copies; None where training images are not known,
            and where it was not read (`components.figures.closest.read_pairs`).
    """

    figures: Figures
    groups: Mapping[str, Figures] = field(default_factory=dict)
    left_out: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    folders: Mapping[str, Any] = field(default_factory=dict)
    origins: Origins | None = None
    closest: ClosestPairs | None = None

    def beside(self, other: "Judgement") -> "Judgement":
        """Both, where they tell of different figures; all that is of the images is this one's."""
        groups = {**self.groups}
        for group, figures in other.groups.items():
            groups[group] = {**groups.get(group, {}), **figures}
        return replace(
            self,
            figures={**self.figures, **other.figures},
            groups=groups,
            left_out={**self.left_out, **other.left_out},
            closest=other.closest or self.closest,
        )

    def made_from(self, origins: Origins | None) -> "Judgement":
        """The same figures, of images that were made from ``origins``."""
        figures = {name: replace(figure, origins=origins) for name, figure in self.figures.items()}
        return replace(self, figures=figures, origins=origins)

    @property
    def by_name(self) -> dict[str, Figure]:
        """Every figure by its full name; one of a group is called ``NAME/GROUP``."""
        of_groups = {
            f"{name}/{group}": replace(figure, metric=f"{name}/{group}")
            for group, figures in self.groups.items()
            for name, figure in figures.items()
        }
        return {**self.figures, **of_groups}
