"""What Label Studio and MTurk give back for the exported tasks is what the import reads."""

import csv
import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from components.preference.about import KEY
from components.preference.answers.imported import Imported, import_answers
from components.preference.design.key import Key, read_key
from components.preference.statistics.choices import Outcome
from tests.preference.conftest import write_samples
from tests.preference.export.studies import made, table

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)


@pytest.fixture(scope="module", params=["pairwise", "realism"])
def out(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("tasks")
    models = {name: write_samples(root / name, grey) for name, grey in (("a", 60), ("b", 180))}
    return made(models | {"real": write_samples(root / "r", 20)}, root / "out", kind=request.param)


@pytest.fixture
def key(out: Path) -> Key:
    return read_key(out / KEY)


def taken(found: Imported, key: Key, asked: int) -> None:
    """Every item was answered, but what one annotator was asked about twice in two slots."""
    assert found.refused == ()
    assert found.new == 1
    assert len(found.kept) == asked * len(key.questions)
    assert {row.question for row in found.kept} == set(key.questions)


def controls(out: Path) -> tuple[ElementTree.Element, dict[str, list[str]]]:
    """The configuration, and what each `Choices` offers."""
    tree = ElementTree.fromstring((out / "label_studio.xml").read_text())  # noqa: S314 - our own
    return tree, {
        each.attrib["name"]: [choice.attrib["value"] for choice in each.findall("Choice")]
        for each in tree.iter("Choices")
    }


def test_label_studio_s_export_of_the_tasks_is_taken(out: Path, key: Key, tmp_path: Path) -> None:
    tasks = json.loads((out / "label_studio.json").read_text())
    _, offered = controls(out)
    assert set(offered) == set(key.questions)
    exported = []
    for number, task in enumerate(tasks):
        answers = {name: said[number % len(said)] for name, said in offered.items()}
        exported.append({"id": number, **task, "annotations": [annotation(task, answers)]})
    path = tmp_path / "export.json"
    path.write_text(json.dumps(exported))
    found = import_answers(tmp_path, [path], key, now=NOW)
    taken(found, key, len(tasks))
    said = {(row.item, row.question): row.answer for row in found.kept}
    names = {"left": Outcome.LEFT, "real": Outcome.LEFT, "both bad": Outcome.BOTH_BAD}
    names |= {"right": Outcome.RIGHT, "generated": Outcome.RIGHT, "tie": Outcome.TIE}
    for number, task in enumerate(tasks):
        for name, options in offered.items():
            assert said[task["data"]["item"], name] == names[options[number % len(options)]]


def annotation(task: dict[str, Any], answers: dict[str, str]) -> dict[str, Any]:
    """As Label Studio exports it; a slot's tasks are one annotator's."""
    results = [
        {"from_name": name, "to_name": "image", "type": "choices", "value": {"choices": [answer]}}
        for name, answer in answers.items()
    ]
    return {
        "completed_by": task["data"]["slot"],
        "lead_time": 4.2,
        "created_at": "2026-05-04T10:00:00Z",
        "was_cancelled": False,
        "result": results,
    }


def test_label_studio_s_configuration_reads_what_the_tasks_have(out: Path, key: Key) -> None:
    tree, offered = controls(out)
    data = json.loads((out / "label_studio.json").read_text())[0]["data"]
    read = {each.attrib["value"][1:] for tag in ("Image", "Text") for each in tree.iter(tag)}
    assert read <= set(data)
    assert "left" in read
    assert ("right" in read) == ("prompt" in read) == (key.kind == "pairwise")
    names = [each.attrib["name"] for each in tree.iter() if "name" in each.attrib]
    assert len(names) == len(set(names))
    assert {e.attrib["toName"] for e in tree.iter("Choices")} <= {
        e.attrib["name"] for e in tree.iter("Image")
    }
    four = ["left", "right", "tie", "both bad"]
    for choices in offered.values():
        assert choices == (four if key.kind == "pairwise" else ["real", "generated"])


@pytest.mark.parametrize("shape", ["value", "option"])
def test_mturk_s_results_of_the_batch_are_taken(
    out: Path, key: Key, tmp_path: Path, shape: str
) -> None:
    batch, form = table(out / "mturk.csv"), (out / "mturk.html").read_text()
    fields = dict.fromkeys(re.findall(r'type="radio" name="([^"]*)" value="[^"]*"', form))
    values = re.findall(r'type="radio" name="[^"]*" value="([^"]*)"', form)
    assert set(fields) == set(key.questions)
    assert set(re.findall(r"\$\{(\w+)\}", form)) <= set(batch[0])
    rows = []
    for number, row in enumerate(batch):
        said = values[number % len(values)]
        worker = f"W{number % 7}-{key.items[row['item']].slot}"
        given = {f"Input.{name}": cell for name, cell in row.items()}
        given |= {"WorkerId": worker, "AssignmentStatus": "Approved", "WorkTimeInSeconds": "9"}
        for field in fields:
            if shape == "value":
                given[f"Answer.{field}"] = said
            else:
                given |= {f"Answer.{field}.{each}": str(each == said).lower() for each in values}
        rows.append(given)
    path = tmp_path / "Batch_1_results.csv"
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    taken(import_answers(tmp_path, [path], key, now=NOW), key, len(batch))


def test_images_lie_where_other_programs_are_told(tmp_path: Path) -> None:
    models = {name: write_samples(tmp_path / name, grey) for name, grey in (("a", 60), ("b", 180))}
    out = made(models, tmp_path / "out", images_url="https://images.example/study")
    for row in table(out / "mturk.csv"):
        for side in ("left", "right"):
            base, _, name = row[side].rpartition("/")
            assert base == "https://images.example/study"
            assert (out / "images" / name).is_file()
    # pages and the list of tasks load nothing from there
    assert "images.example" not in (out / "annotator-01.html").read_text()
    assert "images.example" not in (out / "tasks.csv").read_text()
