"""What all sections share: closed models, names, and which options are read."""

from collections.abc import Mapping
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field

from components.spec.catalogue.entries import Described

Slug = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$")]


MOST_SEED = 2**63 - 1
"""Seeds are whole numbers of 64 bits with a sign, as Prefect's page, databases and torch hold."""

MOST_STEPS = 100_000_000
"""Of any training: more than a machine takes in a month."""

MOST_NOISE = 1.0e6
"""Largest noise level σ; float32 tells 1e6 from its neighbours and holds its square."""

Scalar = str | int | float | bool
"""A value of any field in a sweep; it has the bounds of the field that gets it."""


Overrides = dict[str, Scalar]


class Unkeyed:
    """Marks a field that changes when, where or how fast a stage works and no byte that it writes.

    The stage is told it, but neither its key nor its manifest has it:
    ``every: Annotated[int, Unkeyed()] = Field(200)``.
    """


class Section(BaseModel):
    """A part of the experiment file: closed, immutable, strict about types."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)

    def unread(self) -> frozenset[str]:
        """The fields that nothing reads, the others being what they are."""
        return frozenset()

    def settled(self) -> Self:
        """The section with what nothing reads at its default: equal where stages do the same."""
        idle = self.unread()
        if not idle:
            return self
        fields = type(self).model_fields
        return self.model_copy(
            update={name: fields[name].get_default(call_default_factory=True) for name in idle}
        )

    @classmethod
    def unkeyed(cls) -> frozenset[str]:
        """The fields marked `Unkeyed`."""
        return frozenset(
            name
            for name, field in cls.model_fields.items()
            if any(isinstance(mark, Unkeyed) for mark in field.metadata)
        )


def refuse_unread(section: Section, choice: str, entries: Mapping[str, Described]) -> None:
    """Raise ValueError where an option is set that the chosen entry does not read.

    An option at its default is taken as not set.
    """
    chosen = getattr(section, choice)
    for option in sorted({option for entry in entries.values() for option in entry.options}):
        default: Any = type(section).model_fields[option].default
        if option not in entries[chosen].options and getattr(section, option) != default:
            readers = ", ".join(name for name, e in entries.items() if option in e.options)
            raise ValueError(
                f"`{option}` has no meaning with {choice} `{chosen}`: it belongs to {readers}"
            )
