"""A field that takes one of the catalogue's names."""

from dataclasses import dataclass
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from components.spec.catalogue import CATALOGUE

UNKNOWN_NAME = "unknown_name"
"""The type of the error that such a field gives; its context has the topic's ``choices``."""


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
            choices = list(CATALOGUE[self.topic])
            said = {"choices": choices, "valid": ", ".join(choices)}
            raise PydanticCustomError(UNKNOWN_NAME, "Input should be one of {valid}", said)
        return name
