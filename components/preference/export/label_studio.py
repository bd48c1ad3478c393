"""A study for Label Studio: its tasks, and a labelling configuration of two images and choices.

Its `Pairwise` tag has no tie, so each question is a `Choices`, whose name is the question's. What
it exports as JSON is read by `answers.label_studio`.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import jinja2

from components.files.json_file import write_json
from components.preference.design.size import Kind
from components.preference.export.tasks import Task

TASKS, CONFIGURATION = "label_studio.json", "label_studio.xml"

SAID: Mapping[Kind, tuple[str, ...]] = {
    "pairwise": ("left", "right", "tie", "both bad"),
    "realism": ("real", "generated"),
}
"""What can be answered, in the words of `answers.checked`."""


def write_label_studio(
    out: Path,
    study: str,
    kind: Kind,
    questions: Mapping[str, str],
    tasks: Sequence[Task],
    images_url: str,
) -> None:
    """Write ``label_studio.json`` and ``label_studio.xml`` into ``out``.

    Args:
        questions: name → in words.
        images_url: where ``images/`` lies for Label Studio.
    """
    listed = [
        {
            "data": {
                "study": study,
                "item": task.item,
                "slot": task.slot,
                "place": task.place,
                "prompt": task.prompt,
                "left": at(task.left, images_url),
                **({"right": at(task.right, images_url)} if task.right else {}),
            }
        }
        for task in tasks
    ]
    write_json(out / TASKS, listed)
    said = [(name, words) for name, words in questions.items()]
    text = rendered(
        "label_studio.xml",
        questions=said,
        choices=SAID[kind],
        single=kind == "realism",
        worded=any(task.prompt for task in tasks),
    )
    (out / CONFIGURATION).write_text(text, encoding="utf-8")


def at(file: str, images_url: str) -> str:
    """Where an image of the study's folder lies for another program."""
    return f"{images_url.rstrip('/')}/{Path(file).name}"


def rendered(template: str, **values: object) -> str:
    """A template of this room, everything in it escaped."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(template).render(**values)
