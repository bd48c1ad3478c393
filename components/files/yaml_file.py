"""The one reader of YAML: every file that a person writes, within limits of size and depth."""

import re
from collections.abc import Hashable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from components.errors import AlphabarError, quoted, shortened
from components.files.text_file import read_text

MOST_BYTES = 4 * 2**20
MOST_DEPTH = 64
MOST_VALUES = 100_000
"""With aliases written out; a long text counts as one more every 64 characters."""
MOST_DIGITS = 30

_NUMBERS = ("tag:yaml.org,2002:int", "tag:yaml.org,2002:float")

_Base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # ten times faster where it is built


class _Loader(_Base):  # type: ignore[misc]
    """Safe YAML with YAML 1.2's floats (``1e-3``), no dates and no repeated keys.

    Every fault of a value is a `yaml.YAMLError` with its place.
    """

    yaml_implicit_resolvers = {
        first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith(":timestamp")]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        if node.tag in _NUMBERS and len(node.value) > 2 * MOST_DIGITS:
            text = shortened(node.value)
            raise _fault(f"the number {text} is too long", node.start_mark)
        try:
            value = super().construct_object(node, deep)
        except yaml.YAMLError:
            raise
        except Exception as error:  # `!!bool maybe`, `!!timestamp 9999-99-99`: of any type
            kind = node.tag.rpartition(":")[2]
            raise _fault(f"{quoted(node.value)} is no {kind}", node.start_mark) from error
        if isinstance(value, int) and abs(value) >= 10**MOST_DIGITS:
            text = shortened(node.value)
            raise _fault(f"the number {text} is too long", node.start_mark)
        if isinstance(value, date | bytes | set):
            kind = node.tag.rpartition(":")[2]
            raise _fault(f"a value of the kind {kind} is not used here", node.start_mark)
        if isinstance(value, str) and not _is_text(value):
            raise _fault(f"{quoted(value)} holds a character that is no text", node.start_mark)
        return value


_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"^[-+]?(\d[\d_]*\.?\d*|\.\d+)([eE][-+]?\d+)$"),
    list("-+0123456789."),
)


def _mapping_without_repeats(loader: Any, node: yaml.MappingNode) -> dict[Any, Any]:
    keys: set[Hashable] = set()
    for key_node, _ in node.value:
        if key_node.tag == "tag:yaml.org,2002:merge":
            continue  # `<<: *other`, which may be overridden
        key = loader.construct_object(key_node, deep=True)
        if not isinstance(key, str):
            raise _fault(f"the key {quoted(key)} is no text: put it in quotes", key_node.start_mark)
        if key in keys:
            raise _fault(f"the key `{shortened(key)}` is given twice", key_node.start_mark)
        keys.add(key)
    found: dict[Any, Any] = loader.construct_mapping(node, deep=True)
    return found


_Loader.add_constructor("tag:yaml.org,2002:map", _mapping_without_repeats)


def read_yaml(path: Path, remedy: str = "give a YAML file") -> Any:
    """The plain values of a YAML file.

    Args:
        remedy: what the user can do where there is no such file, or another kind of it.

    Raises:
        AlphabarError: the file cannot be read, is no YAML, or goes beyond a limit: 4 MiB, 64
            levels, 100,000 values with aliases written out, integers of 30 digits.
    """
    text = read_text(path, most=MOST_BYTES, remedy=remedy)
    try:
        _refuse_endless(yaml.parse(text, Loader=_Loader))
        return yaml.load(text, Loader=_Loader)  # noqa: S506 - a SafeLoader
    except yaml.YAMLError as error:
        place, why = _said(error, text)
        raise AlphabarError(f"{path}{place} is not valid YAML: {why}", "mend that line") from None


def _refuse_endless(events: Iterator[yaml.Event]) -> None:
    """Raise YAMLError where the file is nested too deeply or holds too much, aliases written out.

    Goes by the parser's events, so that nothing is built before it is counted.
    """
    total, opened, sizes = 0, list[tuple[str | None, int]](), dict[str, int]()
    for event in events:
        if isinstance(event, yaml.CollectionEndEvent):
            anchor, before = opened.pop()
            if anchor:
                sizes[anchor] = total - before
        if not isinstance(event, yaml.NodeEvent):
            continue
        before = total
        if isinstance(event, yaml.AliasEvent):
            if any(anchor == event.anchor for anchor, _ in opened):
                raise _fault(f"`*{shortened(event.anchor)}` holds itself", event.start_mark)
            total += sizes.get(str(event.anchor), 1)
        elif isinstance(event, yaml.ScalarEvent):
            total += 1 + len(event.value) // 64
            if event.anchor:
                sizes[event.anchor] = total - before
        else:
            total += 1
            opened.append((event.anchor, before))
        if len(opened) > MOST_DEPTH:
            raise _fault(f"it is nested more than {MOST_DEPTH} deep", event.start_mark)
        if total > MOST_VALUES:
            what = f"it holds more than {MOST_VALUES} values, with aliases written out"
            raise _fault(what, event.start_mark)


def _fault(what: str, mark: Any) -> yaml.MarkedYAMLError:
    return yaml.constructor.ConstructorError(None, None, what, mark)


def _said(error: yaml.YAMLError, text: str) -> tuple[str, str]:
    """Where and why, from PyYAML's error; it does not tell that what it stumbles on is a tab."""
    if not isinstance(error, yaml.MarkedYAMLError):
        return "", shortened(" ".join(str(error).split()), 200)
    mark = error.problem_mark or error.context_mark
    parts = dict.fromkeys(part for part in (error.context, error.problem) if part)
    why = shortened(", ".join(parts), 300)
    if mark is None:
        return "", why
    lines = text.splitlines()
    if mark.line < len(lines) and lines[mark.line][mark.column :].startswith("\t"):
        why = "it is indented by a tab; use spaces"
    return f", line {min(mark.line, max(0, len(lines) - 1)) + 1},", why


def _is_text(value: str) -> bool:
    """Whether every character can be written to a file: no NUL, no half of a surrogate pair."""
    return "\0" not in value and not any("\ud800" <= c <= "\udfff" for c in value)
