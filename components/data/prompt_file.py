"""A file of prompts to evaluate with: a text of one a line, or a table with groups."""

import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from components.data.columns import meant, with_absent_told
from components.data.metadata import parse_csv
from components.data.sources.rows import seen, text_of
from components.errors import AlphabarError, first_of, number_of
from components.files.text_file import read_text

MOST_BYTES = 64 * 2**20
PROMPT, GROUPS = "prompt", ("group", "category")
"""Columns of a table; PartiPrompts calls its groups `Category`."""

_LINE_END = re.compile("\r\n|\r|\n")
_REMEDY = "give a .txt with one prompt a line, or a .csv or .tsv with a column `prompt`"


@dataclass(frozen=True)
class PromptFile:
    """Prompts in their order.

    Attributes:
        prompts: one at least.
        groups: each prompt's; empty where it has none.
        empty: lines or rows without a prompt, which are left out.
        notes: how it was read, where there is something to be said of it.
    """

    prompts: tuple[str, ...]
    groups: tuple[str, ...]
    empty: int
    notes: tuple[str, ...] = ()

    def words(self, samples: int, named: str = "evaluation.samples:") -> str:
        """What is in it, and what becomes of it where ``samples`` images are drawn.

        Args:
            named: what the user calls that number.
        """
        said = number_of(len(self.prompts), "prompt")
        if counts := Counter(group for group in self.groups if group):
            each = first_of([f"{group} {count}" for group, count in sorted(counts.items())])
            bare = self.groups.count("")
            said += f" in {number_of(len(counts), 'group')} ({each})"
            said += f", {bare} of them in none" if bare else ""
        if self.empty:
            said += f"; {number_of(self.empty, 'empty line')} left out"
        said += "".join(f"; {note}" for note in self.notes)
        if samples < len(self.prompts):
            said += (
                f"; `{named} {samples}` draws the first {samples}, and "
                f"{len(self.prompts) - samples} not"
            )
        return said


def read_prompts(path: Path) -> PromptFile:
    """The prompts of a .txt, .csv or .tsv file.

    Raises:
        AlphabarError: it is missing, of another kind, broken, or holds no prompt.
    """
    if path.suffix.lower() not in (".txt", ".csv", ".tsv"):
        raise AlphabarError(f"{path} is no .txt, .csv or .tsv", _REMEDY)
    text = read_text(path, most=MOST_BYTES, remedy=_REMEDY)
    rows, notes = (_lines(text), ()) if path.suffix.lower() == ".txt" else _records(path, text)
    found, empty, faults = [], 0, []
    for place, record, group in rows:
        try:
            prompt = text_of(record, PROMPT, lines=True)
            named = text_of(record, group) if group else ""
        except ValueError as error:
            faults.append(f"{place}: {error}")
            continue
        if any(seen(letter) for letter in prompt):
            found.append((prompt, named))
        else:
            empty += 1
    if faults:
        raise AlphabarError(f"{path}, {first_of(faults, '; ', most=3)}", "mend those lines")
    if not found:
        raise AlphabarError(f"{path} holds no prompt: {number_of(empty, 'empty line')}", _REMEDY)
    prompts, groups = zip(*found, strict=True)
    return PromptFile(prompts, groups, empty, notes)


_Rows = list[tuple[str, dict[str, Any], str | None]]
"""(place, values by column, the column of groups)."""


def _lines(text: str) -> _Rows:
    lines = _LINE_END.split(text)
    if not lines[-1]:  # what follows the last line's end
        lines = lines[:-1]
    return [(f"line {number}", {PROMPT: line}, None) for number, line in enumerate(lines, start=1)]


def _records(path: Path, text: str) -> tuple[_Rows, tuple[str, ...]]:
    """A table's rows, and what is to be said of how it was read."""
    table = meant(parse_csv(path, text, PROMPT), (PROMPT, *GROUPS))
    if PROMPT not in table.columns:
        named = first_of([f"`{name}`" for name in table.columns]) or "nothing"
        raise AlphabarError(f"{path} has no column `{PROMPT}`; it has {named}", _REMEDY)
    table = with_absent_told(table, PROMPT)
    group = next((name for name in GROUPS if name in table.columns), None)
    return [(place, record, group) for place, record in table.records], table.notes
