"""A file is one concept and a function one thought: past this length a second has come in."""

import ast
from pathlib import Path
from statistics import median, quantiles

ROOT = Path(__file__).parent.parent
FILES = [
    path for room in ("alphabar", "components", "flows") for path in (ROOT / room).rglob("*.py")
]
LONGEST_FILE, MEDIAN_FILE, LONGEST_FUNCTION, NINE_OF_TEN = 300, 100, 60, 30


def lines(path: Path) -> int:
    return len(path.read_text().splitlines())


def functions() -> dict[str, int]:
    """Place → lines, of every function, its docstring included."""
    return {
        f"{path.relative_to(ROOT)}:{node.lineno} {node.name}": node.end_lineno - node.lineno + 1
        for path in FILES
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }


def test_no_file_is_longer_than_a_reader_s_patience() -> None:
    assert [str(path) for path in FILES if lines(path) > LONGEST_FILE] == []
    assert median(lines(path) for path in FILES if path.name != "__init__.py") <= MEDIAN_FILE


def test_no_function_is_longer_than_a_screen() -> None:
    found = functions()
    assert [place for place, length in found.items() if length > LONGEST_FUNCTION] == []
    assert quantiles(found.values(), n=10)[-1] <= NINE_OF_TEN
