"""What was measured on a machine, a file each: read again by whoever asks the same there."""

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from components.errors import AlphabarError
from components.files.json_file import read_object, write_json
from components.files.lock import locked_within
from components.files.put import put
from components.spec.keys import digest

FOLDER = "choices"
"""Of a store; nothing removes what is in it."""

REMEDY = "it is measured anew by the next run"
LONGEST = 3600.0
"""Seconds that another process may take to measure."""

Values = dict[str, Any]
"""What was measured: a name → seconds, or None for what cannot be computed here; or a text."""


class Kept:
    """Measurements in a store's ``folder``.

    Args:
        say: told of a damaged file, and of a wait.
    """

    def __init__(self, folder: Path, say: Callable[[str], None]) -> None:
        self._folder, self._say = folder, say

    def find(self, question: Mapping[str, Any]) -> Values | None:
        """What is kept of a ``question``, which says all that the answer depends on; None where
        nothing is, or it is damaged."""
        found = self._read(question)
        if found is None and (path := self.path(question)).exists():
            self._say(f"note: {path} is damaged: {REMEDY}")
        return found

    def get(self, question: Mapping[str, Any], measure: Callable[[], Values]) -> Values:
        """What is kept; else what ``measure`` gives is. Of several at once, one measures, and the
        others wait and take that."""
        if (found := self.find(question)) is not None:
            return found
        path = self.path(question)
        lock = path.with_name(f".{path.name}.lock")
        with locked_within(lock, LONGEST, lambda: self._say("another run measures this: waiting")):
            if (found := self._read(question)) is None:
                found = measure()
                with put(path) as part:
                    write_json(part, {"question": question, "measured": found})
        return found

    def _read(self, question: Mapping[str, Any]) -> Values | None:
        path = self.path(question)
        if not path.exists():
            return None
        try:
            found = read_object(path, REMEDY)
        except AlphabarError:
            return None
        values = found.get("measured")
        sound = isinstance(values, dict) and not _odd(values)
        return values if sound and found.get("question") == question else None

    def path(self, question: Mapping[str, Any]) -> Path:
        """The file of a question."""
        return self._folder / f"{digest(question)}.json"


def _odd(values: Values) -> bool:
    """Whether some value is neither seconds, nor None, nor a text."""
    return not values or any(
        not (value is None or isinstance(value, str) or _seconds(value))
        for value in values.values()
    )


def _seconds(value: object) -> bool:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return number and math.isfinite(value) and value >= 0  # type: ignore[operator,arg-type]
