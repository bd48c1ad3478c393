"""Records of options: what several commands take, or a command takes much of, declared once."""

import contextlib
import dataclasses
import functools
import inspect
from collections.abc import Callable
from typing import Annotated, Any, get_type_hints

import typer

from flows.telling import answering

JSON = "--json"
Json = Annotated[
    bool,
    typer.Option(JSON, help="Print one JSON document, in full digits; all else is on stderr."),
]


def with_records(command: Callable[..., None]) -> Callable[..., None]:
    """``command`` as typer sees it: a parameter that is a dataclass stands for its fields.

    The fields are annotated as parameters of commands are; their defaults are the options'.
    """
    hints = get_type_hints(command, include_extras=True)
    parameters: list[inspect.Parameter] = []
    records: dict[str, Any] = {}
    for name, parameter in inspect.signature(command).parameters.items():
        if dataclasses.is_dataclass(record := hints[name]):
            records[name] = record
            parameters += _options(record)
        else:
            kind = inspect.Parameter.KEYWORD_ONLY
            parameters.append(parameter.replace(kind=kind, annotation=hints[name]))

    @functools.wraps(command)
    def call(**given: Any) -> None:
        for name, record in records.items():
            values = {each.name: given.pop(each.name) for each in dataclasses.fields(record)}
            given[name] = record(**values)
        command(**given)

    vars(call)["__signature__"] = inspect.Signature(parameters)
    call.__annotations__ = {each.name: each.annotation for each in parameters}
    return call


def _options(record: Any) -> list[inspect.Parameter]:
    hints = get_type_hints(record, include_extras=True)
    return [
        inspect.Parameter(
            each.name,
            inspect.Parameter.KEYWORD_ONLY,
            default=inspect.Parameter.empty
            if each.default is dataclasses.MISSING
            else each.default,
            annotation=hints[each.name],
        )
        for each in dataclasses.fields(record)
    ]


def with_json(command: Callable[..., None]) -> Callable[..., None]:
    """``command`` with the flag ``--json``, under which it answers with one JSON document."""

    @functools.wraps(command)
    def call(*, as_json: bool, **given: Any) -> None:
        with answering() if as_json else contextlib.nullcontext():
            command(**given)

    kind = inspect.Parameter.KEYWORD_ONLY
    flag = inspect.Parameter("as_json", kind, default=False, annotation=Json)
    parameters = [*inspect.signature(command).parameters.values(), flag]
    vars(call)["__signature__"] = inspect.Signature(parameters)
    call.__annotations__ = {each.name: each.annotation for each in parameters}
    return call
