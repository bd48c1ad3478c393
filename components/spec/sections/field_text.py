"""Fields' values as text: what a command line or a record of parameters says."""

from typing import Any

from pydantic import BaseModel, TypeAdapter, ValidationError

from components.files.json_file import parse_json


def value_from(text: str, section: type[BaseModel] | None, name: str) -> Any:
    """What ``text`` says as the value of a field: itself where that may be a text, or else JSON.

    What fits neither way is given as it was read, and so is a field that ``section`` has not; who
    validates the section refuses it.
    """
    field = section.model_fields.get(name) if section else None
    if field and _fits(text, field.annotation):
        return text
    try:
        return parse_json(text)
    except ValueError:
        return text


def _fits(text: str, kind: Any) -> bool:
    try:
        TypeAdapter(kind).validate_python(text, strict=True)
    except ValidationError:
        return False
    return True
