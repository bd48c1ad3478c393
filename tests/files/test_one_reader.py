"""Files are read through the rooms' one reader of each kind, which has limits."""

import ast
from pathlib import Path

ROOT = Path(__file__).parents[2]

READERS = {
    "json.load",
    "json.loads",
    "yaml.load",
    "yaml.safe_load",
    "yaml.load_all",
    "np.load",
    "np.fromfile",
    "np.loadtxt",
    "pickle.load",
    "pickle.loads",
    "pd.read_csv",
    "csv.DictReader",
    "csv.reader",
}

EXCEPTIONS = {
    ("components/files/json_file.py", "json.loads"): "the reader",
    ("components/files/yaml_file.py", "yaml.load"): "the reader",
    ("components/files/array_file.py", "np.load"): "the reader",
    ("components/files/tables.py", "csv.reader"): "the reader of tables that were written here",
    ("components/files/csv_records.py", "csv.reader"): "the reader of tables that others wrote",
    (
        "components/evaluation/features/feature_store.py",
        "np.fromfile",
    ): "the features' cache, whose header is compared first",
    ("components/data/metadata.py", "csv.reader"): "a user's table, of any columns and separator",
    ("components/reporting/tables/nested.py", "json.loads"): "what `every_figure` has just written",
    ("flows/run/recorded.py", "json.load"): "the answer of an MLflow server, not a file",
    (
        "components/data/readers/vocabulary.py",
        "json.loads",
    ): "what a tokenizer that was read says of itself, not a file",
}


def readings(path: Path) -> set[str]:
    """The dotted names that a file calls, as far as they are readers."""
    tree = ast.parse(path.read_text())
    called = {ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    return {name.replace("numpy.", "np.") for name in called} & READERS


def test_nothing_reads_a_file_without_limits() -> None:
    found = {
        (path.relative_to(ROOT).as_posix(), name)
        for room in ("components", "flows")
        for path in (ROOT / room).rglob("*.py")
        for name in readings(path)
    }
    assert found == set(EXCEPTIONS)
