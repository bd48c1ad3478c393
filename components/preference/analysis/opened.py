"""A study's folder, opened to be read: what it is, and its key."""

from dataclasses import dataclass
from pathlib import Path

from components.errors import AlphabarError
from components.files.json_file import read_object
from components.files.manifest import intact
from components.preference.about import FILE, KEY, About, read_about
from components.preference.design.key import Key, read_key, read_pairs_key

FIRST_KEY, FIRST_MODELS = "key.csv", "models.json"
"""What the stage `study` wrote when all annotators had one page with one question."""


@dataclass(frozen=True)
class Study:
    """A study's folder with what is known of it."""

    folder: Path
    about: About
    key: Key

    @property
    def planned(self) -> int:
        """First answers of each question; 0 where no plan is known."""
        return self.about.pairs * self.about.raters


def open_study(folder: Path) -> Study:
    """The study in a folder, one of before among them.

    Raises:
        AlphabarError: there is none, or one of its files is broken or not as it was published.
    """
    if not (folder / FILE).is_file() and (folder / FIRST_KEY).is_file():
        return _first(folder)
    about = read_about(folder)
    key = read_key(intact(folder / KEY))
    if (key.study, key.kind) != (about.study, about.kind):
        raise AlphabarError(
            f"{folder / KEY} is the key of another study than {folder / FILE}",
            "give the folder as `alphabar study export` wrote it",
        )
    return Study(folder, about, key)


def _first(folder: Path) -> Study:
    key = read_pairs_key(folder / FIRST_KEY)
    models = ("baseline", "finetuned")
    path, remedy = folder / FIRST_MODELS, "give the models.json that the study stage wrote"
    sides = read_object(intact(path), remedy) if path.is_file() else {}
    known = {name: side for name, side in sides.items() if name in models and side}
    key = Key(key.study, key.kind, key.questions, key.items, models=known)
    asked = dict.fromkeys(key.questions, "Which image do you prefer?")
    pairs, unknown = len(key.items), (0,) * 5
    about = About(key.study, folder.name, "pairwise", asked, models, pairs, *unknown)
    return Study(folder, about, key)
