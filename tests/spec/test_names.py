"""What must be known of a choice is a fact of its entry: nothing asks for its name.

A name may be looked up, and may be what holds unless something else is said; it is not compared.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from components.spec.catalogue import CATALOGUE
from components.spec.metrics import METRICS

ROOT = Path(__file__).parents[2]
LISTED = {name for topic in CATALOGUE.values() for name in topic} | {*METRICS}
NAMES = LISTED | {name.partition(":")[0] for name in LISTED}


def compared(code: str) -> Iterator[tuple[int, str]]:
    """(line, name) wherever a value is compared with a name, with names, or with how one begins."""
    for node in ast.walk(ast.parse(code)):
        for side in _sides(node):
            parts = side.elts if isinstance(side, ast.Tuple | ast.List | ast.Set) else [side]
            for part in parts:
                text = part.value if isinstance(part, ast.Constant) else None
                if isinstance(text, str) and text.rstrip(":") in NAMES:
                    yield part.lineno, text


def _sides(node: ast.AST) -> list[ast.expr]:
    if isinstance(node, ast.Compare):
        return [node.left, *node.comparators]
    if isinstance(node, ast.MatchValue):
        return [node.value]
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        return node.args if node.func.attr == "startswith" else []
    return []


def test_nothing_outside_its_own_file_asks_for_a_name_of_the_catalogue() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{line}: {name}"
        for room in ("alphabar", "components", "flows")
        for path in sorted((ROOT / room).rglob("*.py"))
        for line, name in compared(path.read_text())
    ]
    assert found == []


@pytest.mark.parametrize(
    "question",
    [
        'sampling.guide == "weaker"',
        '"none" != spec.clip',
        'spec.get("kind") in ("full", "consistency")',
        'name.startswith("clip:")',
        'choice not in {"domain"}',
    ],
)
def test_every_way_to_ask_is_seen(question: str) -> None:
    assert list(compared(f"if {question}: pass"))
    assert list(compared('match kind:\n    case "full": pass'))
    assert not list(compared('solver = SOLVERS["ddim"]; values = {"guide": "weaker"}'))
