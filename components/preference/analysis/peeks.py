"""When somebody looked at a study's result before its planned answers were there."""

from datetime import datetime
from pathlib import Path

from components.errors import AlphabarError
from components.figures.study_figures import Peek, Progress
from components.files.json_file import read_json, write_json
from components.files.put import put

FILE = "peeks.json"


def read_peeks(study: Path) -> tuple[Peek, ...]:
    """Every early look at a study, in the order in which they were; raises AlphabarError where the
    record is broken."""
    path = study / FILE
    remedy = "mend it: it says how often the result was looked at early, and no look can be undone"
    if not path.exists():
        return ()
    content = read_json(path, remedy)
    try:
        found = tuple(Peek(**each) for each in content)
    except TypeError as error:
        raise AlphabarError(f"{path} is no list of looks: {error}", remedy) from error
    for each in found:
        number = isinstance(each.answers, int) and not isinstance(each.answers, bool)
        if not isinstance(each.when, str) or not number or each.answers < 0:
            raise AlphabarError(f"{path} has a look without its time or answers", remedy)
    return found


def record_peek(study: Path, progress: Progress, now: datetime) -> None:
    """Write an early look down; nothing where the planned answers are there.

    Raises:
        AlphabarError: the record of earlier looks is broken.
    """
    if progress.finished:
        return
    answers = progress.planned - progress.missing
    looks = [*read_peeks(study), Peek(now.isoformat(timespec="seconds"), answers)]
    with put(study / FILE) as place:
        write_json(place, [{"when": each.when, "answers": each.answers} for each in looks])
