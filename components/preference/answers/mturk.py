"""Answers in MTurk's batch results: `Input.item`, and `Answer.QUESTION` in either of its shapes."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from components.files.json_file import parse_json

INPUT, ANSWER = "Input.", "Answer."
CROWD_FORM = "Answer.taskAnswers"
"""Where a form of Crowd HTML elements puts all its answers, as JSON."""

MOST_VALUES = 1000


def is_mturk(titles: Collection[str]) -> bool:
    """Whether a table with these columns is a batch of a study."""
    return {"WorkerId", f"{INPUT}item"} <= set(titles) and any(t.startswith(ANSWER) for t in titles)


def mturk_answers(cells: Mapping[str, str]) -> Iterator[Mapping[str, str]]:
    """The answers of one assignment, a question each; raises ValueError where there are none."""
    if cells.get("AssignmentStatus", "") == "Rejected":
        raise ValueError("the assignment was rejected")
    shared = {
        "study": cells.get(f"{INPUT}study", ""),
        "item": cells[f"{INPUT}item"],
        "annotator": cells["WorkerId"],
        "seconds": cells.get("WorkTimeInSeconds", ""),
        "when": cells.get("SubmitTime", ""),
    }
    found = _crowd_form(cells[CROWD_FORM]) if cells.get(CROWD_FORM) else _columns(cells)
    if not found:
        raise ValueError("the assignment answers no question")
    for question, answer in found.items():
        yield shared | {"question": question, "answer": answer}


def _columns(cells: Mapping[str, str]) -> dict[str, str]:
    """Of `Answer.QUESTION` with the answer in it, or `Answer.QUESTION.ANSWER` with true in it."""
    found: dict[str, str] = {}
    for title, cell in cells.items():
        if not title.startswith(ANSWER) or not cell or title == CROWD_FORM:
            continue
        question, _, option = title.removeprefix(ANSWER).partition(".")
        if not option:
            _add(found, question, cell)
        elif cell.lower() == "true":
            _add(found, question, option)
    return found


def _crowd_form(text: str) -> dict[str, str]:
    """Of ``[{QUESTION: {ANSWER: true, …}}]`` or ``[{QUESTION: ANSWER}]``."""
    content: Any = parse_json(text, MOST_VALUES)
    form = content[0] if isinstance(content, list) and content else content
    if not isinstance(form, dict):
        raise ValueError("taskAnswers is no form")
    found: dict[str, str] = {}
    for question, said in form.items():
        chosen = [o for o, on in said.items() if on is True] if isinstance(said, dict) else [said]
        for option in chosen:
            if not isinstance(option, str):
                raise ValueError("an answer in taskAnswers is no text")
            _add(found, question, option)
    return found


def _add(found: dict[str, str], question: str, answer: str) -> None:
    if question in found:
        raise ValueError("a question has two answers")
    found[question] = answer
