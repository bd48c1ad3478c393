"""A study for Amazon Mechanical Turk: a batch's table, and the form of one of its assignments.

Columns of the table are the form's `${…}`; results have them as `Input.…` and the form's questions
as `Answer.…`, which is what `answers.mturk` reads.
"""

from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path

from components.files.tables import neutral, write_table
from components.preference.design.size import Kind
from components.preference.export.label_studio import SAID, at, rendered
from components.preference.export.tasks import Task

TABLE, FORM = "mturk.csv", "mturk.html"


def write_mturk(
    out: Path,
    study: str,
    kind: Kind,
    questions: Mapping[str, str],
    tasks: Sequence[Task],
    images_url: str,
) -> None:
    """Write ``mturk.csv`` and ``mturk.html`` into ``out``; arguments as `write_label_studio` has
    them."""
    single = kind == "realism"
    columns = ("study", "item", "prompt", "left", *(() if single else ("right",)))
    rows = (
        (study, t.item, _as_html(t.prompt), *(at(f, images_url) for f in (t.left, t.right) if f))
        for t in tasks
    )
    write_table(out / TABLE, columns, rows)
    text = rendered(
        "mturk.html",
        questions=list(questions.items()),
        choices=SAID[kind],
        single=single,
        worded=any(task.prompt for task in tasks),
    )
    (out / FORM).write_text(text, encoding="utf-8")


def _as_html(prompt: str) -> str:
    """A prompt as MTurk puts it into the form, which it does without escaping anything.

    What a spreadsheet would run begins with an entity: an apostrophe before it would be shown.
    """
    text = escape(prompt)
    return text if neutral(text) == text else f"&#{ord(prompt[0])};{escape(prompt[1:])}"
