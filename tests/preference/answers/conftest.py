"""A small study, its key, and files of answers to it."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from components.preference.answers.imported import Imported, import_answers
from components.preference.answers.row import Where
from components.preference.design.design import draw_design
from components.preference.design.key import Key, key_of
from components.preference.design.size import Size

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
V2 = "study,item,question,answer,annotator,seconds,place\n"


@pytest.fixture
def key() -> Key:
    """Of two models, twelve pairs, four people, two questions."""
    design = draw_design(Size(("old", "new"), 12, 4, 2), 3)
    return key_of(design, "ab12", ("words", "looks"))


@pytest.fixture
def items(key: Key) -> list[str]:
    """The first person's items in their order."""
    return [name for name, item in key.items.items() if item.slot == 0]


class Study:
    """A folder that answers are imported into."""

    def __init__(self, folder: Path, key: Key) -> None:
        self.folder, self.key = folder / "study", key
        self.folder.mkdir()

    def write(self, content: str | bytes, name: str = "answers.csv") -> Path:
        path = self.folder.parent / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def takes(self, content: str | bytes, name: str = "answers.csv", **more: object) -> Imported:
        return import_answers(
            self.folder,
            [self.write(content, name)],
            self.key,
            now=NOW,
            **more,  # type: ignore[arg-type]
        )

    def files(self) -> dict[str, bytes]:
        return {
            str(path.relative_to(self.folder)): path.read_bytes()
            for path in self.folder.rglob("*")
            if path.is_file()
        }


@pytest.fixture
def study(tmp_path: Path, key: Key) -> Study:
    return Study(tmp_path, key)


def reasons(found: Imported) -> dict[str, str]:
    """Place → why what stands there was refused."""
    return {_place(each.where): each.reason for each in found.refused}


def _place(where: Where) -> str:
    return where.place
