"""Answers in Label Studio's JSON export: tasks of two images and a `Choices` a question."""

from collections.abc import Iterator, Mapping
from typing import Any

from components.errors import quoted
from components.files.tables import neutral
from components.preference.answers.row import Raw, Refused, Where


def label_studio_answers(name: str, content: Any) -> Iterator[Raw | Refused]:
    """The answers of an export, those that cannot be read among them.

    A task's data has `item`, and `study`; a `Choices` is named as its question. What Label Studio
    calls the lead time is of all questions of a task together.

    Args:
        name: the file's, for messages.
        content: the JSON value.
    """
    tasks = content if isinstance(content, list) else [content]
    for number, task in enumerate(tasks, start=1):
        said = task.get("id", number) if isinstance(task, dict) else number
        where = Where(name, f"task {quoted(said)}")
        try:
            yield from _of_task(where, _object(task, "the task"))
        except ValueError as error:
            yield Refused(where, str(error))


def _of_task(where: Where, task: Mapping[str, Any]) -> Iterator[Raw | Refused]:
    data = _object(task.get("data"), "the task's data")
    shared = {"item": _text(data, "item"), "study": _text(data, "study")}
    annotations = task.get("annotations")
    if not isinstance(annotations, list):
        raise ValueError("the task has no annotations: export as JSON, not as JSON-MIN")
    for annotation in annotations:
        try:
            rows = list(_of_annotation(_object(annotation, "an annotation")))
        except ValueError as error:
            yield Refused(where, str(error))
            continue
        yield from (_safe(Raw(where, shared | row)) for row in rows)


def _of_annotation(annotation: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    if annotation.get("was_cancelled"):
        raise ValueError("the annotation was skipped")
    results = annotation.get("result")
    if not isinstance(results, list) or not results:
        raise ValueError("the annotation answers no question")
    shared = {
        "annotator": _who(annotation.get("completed_by")),
        "seconds": _number(annotation.get("lead_time")),
        "when": _text(annotation, "created_at"),
    }
    for each in results:
        result = _object(each, "a result")
        choices = _object(result.get("value"), "a result's value").get("choices")
        if not isinstance(choices, list) or len(choices) != 1 or not isinstance(choices[0], str):
            raise ValueError("a result is not one choice")
        yield shared | {"question": _text(result, "from_name"), "answer": choices[0]}


def _safe(raw: Raw) -> Raw | Refused:
    """The answer, unless a spreadsheet that it ends up in would run it."""
    for field in ("item", "study", "annotator", "question", "answer"):
        text = raw.texts[field]
        if neutral(text) != text:
            return Refused(raw.where, f"`{field}` begins as a formula does: {quoted(text)}")
    return raw


def _object(value: Any, what: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise ValueError(f"{what} is no object")
    return value


def _text(content: Mapping[str, Any], name: str) -> str:
    value = content.get(name) or ""
    if not isinstance(value, str):
        raise ValueError(f"`{name}` is no text: {quoted(value)}")
    return value


def _number(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"the lead time {quoted(value)} is no number")
    return str(value)


def _who(value: Any) -> str:
    """A user's number, or the address in an export that has it."""
    if isinstance(value, dict):
        value = value.get("email") or value.get("id")
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise ValueError("the annotation does not say who made it")
    return str(value)
