"""What a study is: the file that says so in its folder, for whoever runs it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from components.errors import AlphabarError, quoted
from components.files.json_file import read_object, write_json
from components.files.manifest import intact
from components.preference.design.size import Kind

FILE, KEY = "study.json", "key.json"

QUESTIONS: Mapping[str, str] = {
    "prompt": "Which image shows the words better?",
    "quality": "Which image looks better?",
}
"""What may be asked about a pair: name → the question in words."""

REALISM: Mapping[str, str] = {"real": "Is this a real image, or was it generated?"}
"""What is asked about one image."""


@dataclass(frozen=True)
class About:
    """A study.

    Attributes:
        study: its identity, which stands in every answer.
        name: its title.
        kind: two images side by side, or one.
        questions: name → in words; of `QUESTIONS` or `REALISM`.
        models: names, the baseline first.
        pairs, people, raters, repeats, checks, seed: of its design.
        least_seconds: how long an item is looked at before an answer is taken.
        brief_seconds: how long an image of `realism` is seen; 0: until it is answered.
        licences: of what is shown, a line each.
        simulated: whether simulated annotators answer it; whatever is counted of it says so.
        notes: what else there is to be said of how it was made, a sentence each.
    """

    study: str
    name: str
    kind: Kind
    questions: Mapping[str, str]
    models: tuple[str, ...]
    pairs: int
    people: int
    raters: int
    repeats: int
    checks: int
    seed: int
    least_seconds: float = 0.5
    brief_seconds: float = 0.0
    licences: tuple[str, ...] = field(default=())
    simulated: bool = False
    notes: tuple[str, ...] = field(default=())


def write_about(folder: Path, about: About) -> None:
    """Write `study.json` into a study's folder."""
    write_json(folder / FILE, asdict(about))


def read_about(folder: Path) -> About:
    """What the study in a folder is.

    Raises:
        AlphabarError: there is none, or its file is broken or not as it was published.
    """
    path = folder / FILE
    remedy = "give the folder that `alphabar study export` or the stage `study` wrote"
    if not path.is_file():
        raise AlphabarError(f"{folder} is no study: it has no {FILE}", remedy)
    content = read_object(intact(path), remedy)
    try:
        listed = {name: tuple(content.get(name, ())) for name in ("models", "licences", "notes")}
        about = About(**{**content, **listed})
        numbers = (about.pairs, about.people, about.raters, about.repeats, about.checks)
        sound = all(isinstance(each, int) and each >= 0 for each in numbers)
        texts = [about.study, about.name, *about.models, *about.questions.values()]
        sound = sound and all(isinstance(each, str) for each in texts)
    except (TypeError, AttributeError) as error:
        raise AlphabarError(f"{path} is broken: {error}", remedy) from error
    if not sound or about.kind not in ("pairwise", "realism") or len(about.models) < 1:
        raise AlphabarError(f"{path} is broken: it describes no {quoted(about.kind)} study", remedy)
    return about
