"""Several names in the place of one: a list of texts becomes the one text that joins them."""

from dataclasses import dataclass
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, core_schema

from components.spec.catalogue.networks import AND


def joined(value: Any) -> Any:
    """A list of texts as the one text that names them together; anything else as it is."""
    if isinstance(value, list) and value and all(isinstance(name, str) for name in value):
        return AND.join(name.strip() for name in value)
    return value


@dataclass(frozen=True)
class OrJoined:
    """Marks a text that may be written as a list of texts: the names of encoders that are read
    together."""

    def __get_pydantic_core_schema__(
        self, source: type, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.no_info_before_validator_function(joined, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        texts = {"type": "array", "items": {"type": "string"}, "minItems": 1}
        alone = handler(schema)
        return {"anyOf": [*alone.get("anyOf", [alone]), texts]}
