"""Slots of a study that more than one person answered."""

from collections.abc import Iterator

from components.preference.answers.imported import Imported
from components.preference.design.key import Key


def shared_slots(imported: Imported, key: Key) -> Iterator[str]:
    """A sentence for each slot of which several names answered the same items, as happens where
    two people open one page.

    Slots whose items were shared out, so that nobody answered what another did, are none of them.
    """
    who: dict[int, dict[str, list[str]]] = {}
    for row in imported.kept:
        slot = key.items[row.item].slot
        if slot is not None:
            names = who.setdefault(slot, {}).setdefault(row.item, [])
            if row.annotator not in names:
                names.append(row.annotator)
    for slot, items in sorted(who.items()):
        shared = [names for names in items.values() if len(names) > 1]
        if not shared:
            continue
        listed = sorted({name for names in shared for name in names})
        each = f"{len(shared)} of its {len(items)} items count more than once"
        if len(shared) == len(items) and {len(names) for names in shared} == {len(listed)}:
            times = "twice" if len(listed) == 2 else f"{len(listed)} times"
            each = f"each of its pairs counts {times}"
        people = f"{', '.join(listed[:-1])} and {listed[-1]}"
        yield f"slot {slot + 1} was answered by {people}: {each}"
