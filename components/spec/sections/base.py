"""What all sections share: closed models, names, and options that must be read."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from components.spec.catalogue import Entry

Slug = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$")]


Scalar = str | int | float | bool


Overrides = dict[str, Scalar]


class Section(BaseModel):
    """A part of the experiment file: closed, immutable, strict about types."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


def refuse_unread(section: Section, choice: str, entries: Mapping[str, Entry]) -> None:
    """Raise ValueError where an option is set that the chosen entry does not read.

    An option at its default is taken as not set.
    """
    chosen = getattr(section, choice)
    for option in sorted({option for entry in entries.values() for option in entry.options}):
        default = type(section).model_fields[option].default
        if option not in entries[chosen].options and getattr(section, option) != default:
            readers = ", ".join(name for name, e in entries.items() if option in e.options)
            raise ValueError(
                f"`{option}` has no meaning with {choice} `{chosen}`: it belongs to {readers}"
            )
