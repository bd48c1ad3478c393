"""An answer is counted once, however often it came; what contradicts itself is not counted."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from components.errors import quoted
from components.preference.answers.row import AnswerRow, Refused, Where
from components.preference.design.key import Item


@dataclass(frozen=True)
class Once:
    """What is left of answers that came several times.

    Attributes:
        kept: in the order in which they came.
        refused: those that contradict others.
        twice: how many say again what was said before.
    """

    kept: tuple[AnswerRow, ...]
    refused: tuple[Refused, ...]
    twice: int


def once(rows: Iterable[tuple[AnswerRow, Where]], items: Mapping[str, Item]) -> Once:
    """Each answer once.

    Of two unlike answers of one annotator to one item nobody knows which is meant: neither is
    taken. Of one pair shown to the annotator as new in several items the first answer is taken.
    """
    said: dict[tuple[str, str, str], list[tuple[AnswerRow, Where]]] = {}
    for row, where in rows:
        said.setdefault((row.annotator, row.item, row.question), []).append((row, where))
    kept, refused, twice = [], [], 0
    seen: set[tuple[str, str, str]] = set()
    for (annotator, name, question), same in said.items():
        item = items[name]
        answered = (annotator, item.pair, question)
        if len({row.answer for row, _ in same}) > 1:
            reason = f"{quoted(annotator)} gave unlike answers to the item {name}"
        elif item.kind != "repeat" and answered in seen:
            reason = f"{quoted(annotator)} answered this pair already, in another item"
        else:
            if item.kind != "repeat":
                seen.add(answered)
            kept.append(same[0][0])
            twice += len(same) - 1
            continue
        refused += [Refused(where, reason) for _, where in same]
    return Once(tuple(kept), tuple(refused), twice)
