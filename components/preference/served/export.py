"""The answers to a served study as the files that its pages would have written."""

from pathlib import Path

from components.files.tables import csv_lines
from components.preference.about import read_about
from components.preference.answers.row import FIELDS, row_digest
from components.preference.served.posted import settled
from components.preference.served.record import FILE, Said, answered, names, reading, standing

COLUMNS = (*FIELDS, "digest")


def served_files(study: Path) -> list[tuple[str, bytes]]:
    """What each annotator answered so far: a file's name and its bytes, in the page's version 2.

    Only answers that stand are in it, in the order in which they came. It may be read while a
    server takes more. A name that two annotators gave is told apart by their number.

    Args:
        study: the study's folder.

    Returns:
        A file for each annotator who answered, by number; of no bytes where all that the annotator
        answered was taken back. None where nothing was served.

    Raises:
        AlphabarError: the folder is no study, or its record is another one's or damaged.
    """
    if not (study / FILE).exists():
        return []
    about = read_about(study)
    with reading(study, about.study) as db:
        said, called = (standing(db), names(db)) if db else ([], {})
        of: dict[int, list[Said]] = {slot: [] for slot in answered(db)} if db else {}
    for each in said:
        of.setdefault(each.slot, []).append(each)
    return [
        (f"served-{slot:02d}.csv", _file(about.study, called[slot], answers) if answers else b"")
        for slot, answers in sorted(of.items())
    ]


def _file(study: str, annotator: str, said: list[Said]) -> bytes:
    rows = [
        _row((study, each.item, question, answer, annotator), each)
        for each in said
        for question, answer in each.answers.items()
    ]
    return "".join(csv_lines([COLUMNS, *rows])).encode()


def _row(asked: tuple[str, ...], said: Said) -> list[str]:
    signed = [*asked, repr(said.seconds), f"{said.place}"]
    return [*signed, settled(said.told, said.received), row_digest(signed)]
