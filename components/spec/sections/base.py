"""What all sections share: closed models, names, and which options are read."""

import json
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from components.errors import UnfitError, quoted
from components.spec.catalogue.entries import Described
from components.spec.choices import Choices
from components.spec.sections.joined import OrJoined

SLUG = r"^[a-z0-9][a-z0-9_-]{0,63}$"
Slug = Annotated[str, Field(pattern=SLUG)]
PATTERNS = {
    SLUG: "a name is of small letters, digits, `-` and `_`, begins with a letter or a digit, and "
    "has at most 64 characters"
}
"""A pattern that a text must have → in words."""


MOST_SEED = 2**63 - 1
"""Seeds are whole numbers of 64 bits with a sign, as Prefect's page, databases and torch hold."""

MOST_STEPS = 100_000_000
"""Of any training: more than a machine takes in a month."""

MOST_NOISE = 1.0e6
"""Largest noise level σ; float32 tells 1e6 from its neighbours and holds its square."""

Scalar = str | int | float | bool
"""A value of any field in a sweep; it has the bounds of the field that gets it."""


Overrides = dict[str, Annotated[Scalar, OrJoined()]]


OPTIONS = "options"
"""The field that holds what a plug-in reads of a section."""

Options = Annotated[
    dict[str, Any],
    Field(
        exclude_if=lambda options: not options,
        description="what the chosen plug-in reads, as its own model says",
    ),
]


def _switched(given: Any) -> Any:
    return {True: "on", False: "off"}[given] if isinstance(given, bool) else given


Switch = Annotated[Literal["auto", "on", "off"], BeforeValidator(_switched)]
"""What YAML's bare `on` and `off`, which are true and false to its readers, may say, too."""


class Unkeyed:
    """Marks a field that changes when, where or how fast a stage works and no byte that it writes.

    The stage is told it, but neither its key nor its manifest has it:
    ``every: Annotated[int, Unkeyed()] = Field(200)``.
    """


class Section(BaseModel):
    """A part of the experiment file: closed, immutable, strict about types."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)

    @classmethod
    def plugged(cls) -> tuple[str, Choices[Any]] | None:
        """The field that may name a plug-in, and its choices; None where there is none such."""
        return None

    def packages(self) -> dict[str, str]:
        """The package of the plug-in that is chosen, and its version; else empty."""
        plugged = self.plugged()
        return plugged[1].packages(getattr(self, plugged[0])) if plugged else {}

    @model_validator(mode="after")
    def _a_plugin_reads_the_options(self) -> Self:
        self._options()
        return self

    def _options(self) -> dict[str, Any]:
        """What the chosen plug-in makes of ``options``, its defaults filled in, as plain values."""
        plugged = self.plugged()
        if plugged is None:
            return {}
        (field, choices), given = plugged, getattr(self, OPTIONS, {})
        if field in self.model_fields_set:
            choices.refuse_clash(getattr(self, field))
        return checked_options(choices, field, getattr(self, field), given, (OPTIONS,))

    def unread(self) -> frozenset[str]:
        """The fields that nothing reads, the others being what they are."""
        return frozenset()

    def settled(self) -> Self:
        """The section with what nothing reads at its default, and a plug-in's options whole:
        equal where stages do the same."""
        fields = type(self).model_fields
        same = {n: fields[n].get_default(call_default_factory=True) for n in self.unread()}
        if options := self._options():
            same[OPTIONS] = options
        return self.model_copy(update=same) if same else self

    @classmethod
    def unkeyed(cls) -> frozenset[str]:
        """The fields marked `Unkeyed`."""
        return frozenset(
            name
            for name, field in cls.model_fields.items()
            if any(isinstance(mark, Unkeyed) for mark in field.metadata)
        )


def checked_options(
    choices: Choices[Any], field: str, chosen: str, given: Mapping[str, Any], place: tuple[str, ...]
) -> dict[str, Any]:
    """What the plug-in ``chosen`` makes of the options that are ``given`` at ``place``, its
    defaults filled in, as plain values.

    Raises:
        ValueError: what is chosen reads none.
        PydanticCustomError: its model refuses them.
        AlphabarError: the plug-in is broken.
        AlphabarError: the plug-in is broken.
    """
    model = choices.options_of(chosen)
    if model is None:
        if given:
            raise ValueError(
                f"`{'.'.join(place)}` has no meaning with {field} `{chosen}`: it reads none"
            )
        return {}
    with choices.naming(chosen):
        read = _read(model, given, place)
        if isinstance(read, BaseModel):
            return _stable(read)
    raise read


def _read(
    model: type[BaseModel], given: Mapping[str, Any], place: tuple[str, ...]
) -> BaseModel | PydanticCustomError:
    """What a model makes of options, or what `components.spec.loading` says of their faults."""
    try:
        return model.model_validate(given, extra="forbid")
    except ValidationError as error:
        said = {
            "faults": error.errors(include_url=False),
            "names": option_names(model),
            "place": place,
        }
        return PydanticCustomError(OPTIONS, "a plug-in refuses its options", said)


def option_names(model: type[BaseModel]) -> list[str]:
    """What a file calls the fields of a plug-in's model."""
    return [field.alias or name for name, field in model.model_fields.items()]


def _stable(options: BaseModel) -> dict[str, Any]:
    """Validated options as plain values, which a key is of and a stage validates again.

    Raises:
        ValueError: that would make something else of them.
    """
    if unordered := [name for name, value in options if isinstance(value, set | frozenset)]:
        raise ValueError(f"its option `{unordered[0]}` is a set, which has no order: take a list")
    values = options.model_dump(mode="json", by_alias=True)
    try:
        again = type(options).model_validate(values, extra="forbid")
        made = again.model_dump(mode="json", by_alias=True)
        same = json.dumps(made, allow_nan=False) == json.dumps(values, allow_nan=False)
    except ValueError:  # pydantic's is one, too
        same = False
    if not same:
        raise ValueError(
            f"its options {quoted(values)} are others when they are validated again, or refused: "
            "its model must keep what it has made of them"
        )
    return values


def unfit(error: ValidationError) -> UnfitError:
    """What a model of settings refuses of a section's values, as the section's own fault."""
    found = error.errors()
    faults = [fault["msg"].removeprefix("Value error, ") for fault in found]
    causes = [fault.get("ctx", {}).get("error") for fault in found]
    remedies = dict.fromkeys(each.remedy for each in causes if isinstance(each, UnfitError))
    return UnfitError("; ".join(faults), "; ".join(remedies) or "mend that key")


def refuse_unread(section: Section, choice: str, entries: Mapping[str, Described]) -> None:
    """Raise ValueError where an option is set that the chosen entry does not read.

    An option at its default is taken as not set.
    """
    own = entries.own if isinstance(entries, Choices) else entries
    chosen = getattr(section, choice)
    for option in sorted({option for entry in own.values() for option in entry.options}):
        default: Any = type(section).model_fields[option].default
        if option not in entries[chosen].options and getattr(section, option) != default:
            readers = ", ".join(name for name, e in own.items() if option in e.options)
            raise UnfitError(
                f"`{option}` has no meaning with {choice} `{chosen}`: it belongs to {readers}",
                f"leave `{option}` out, or choose another `{choice}`",
            )
