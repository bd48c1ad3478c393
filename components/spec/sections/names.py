"""A field that takes one of the catalogue's names."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from components.spec.catalogue import CATALOGUE
from components.spec.catalogue.networks import AND, IN_FOLDER
from components.spec.plugins import TOPICS

UNKNOWN_NAME = "unknown_name"
"""The type of the error that such a field gives; its context has the ``choices``, whether packages
may bring more (``plugged``) and, of a whole section, the ``field`` and its ``value``."""


def unknown_name(field: str, value: str, choices: Sequence[str]) -> PydanticCustomError:
    """What a section's validator raises where ``field`` is not one of ``choices``."""
    said = {"field": field, "value": value, "choices": list(choices), "valid": ", ".join(choices)}
    return PydanticCustomError(UNKNOWN_NAME, "{field} should be one of {valid}", said)


@dataclass(frozen=True)
class OneOf:
    """Marks a text as a name of the catalogue's ``topic``.

    ``solver: Annotated[str, OneOf("solvers")] = Field("ddim")``.

    Names are looked up when a value is validated; the JSON schema lists them as ``enum``.
    """

    topic: str

    def __get_pydantic_core_schema__(
        self, source: type, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self._known, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {**handler(schema), "enum": list(CATALOGUE[self.topic])}

    def _known(self, name: str) -> str:
        if name not in CATALOGUE[self.topic]:
            choices = self._near(name)
            plugged = self.topic in TOPICS
            said = {"choices": choices, "valid": ", ".join(choices), "plugged": plugged}
            raise PydanticCustomError(UNKNOWN_NAME, "Input should be one of {valid}", said)
        return name

    def _near(self, name: str) -> list[str]:
        """The valid names beside which ``name`` is held."""
        return list(CATALOGUE[self.topic])


@dataclass(frozen=True)
class EncoderName(OneOf):
    """As `OneOf`, of names of which some end in a folder of the user's: ``clip:DIR_OR_ID``."""

    def _near(self, name: str) -> list[str]:
        kind, _, given = name.partition(":")
        one = kind.isalnum() and bool(given.strip()) and AND not in name
        folder = f":{given}" if one else IN_FOLDER
        return [each.replace(IN_FOLDER, folder) for each in super()._near(name)]

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        listed = super().__get_pydantic_json_schema__(schema, handler)
        kinds = [n.removesuffix(IN_FOLDER) for n in listed["enum"] if n.endswith(IN_FOLDER)]
        return {"anyOf": [listed, {"type": "string", "pattern": f"^({'|'.join(kinds)}):.+"}]}
