"""Every YAML file that a person gives: what is read, and that no file can do harm."""

import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from components.errors import AlphabarError
from components.files.yaml_file import MOST_BYTES, read_yaml


def read(folder: Path, text: str | bytes) -> Any:
    path = folder / "file.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_yaml(path)


def bomb(link: str) -> str:
    """Twelve lines of which each holds the one before nine times."""
    lines = [f"a{i}: &a{i} {link % ', '.join([f'*a{i - 1}'] * 9)}" for i in range(1, 12)]
    return "\n".join(["a0: &a0 {x: 1}", *lines])


HOSTILE = {
    "a boolean that is none": ("a: !!bool maybe", "line 1, .* 'maybe' is no bool"),
    "a date that is none": ("a: !!timestamp 9999-99-99", "is no timestamp"),
    "a date": ("a: !!timestamp 2020-01-01", "not used here"),
    "a number that is none": ("a: 1\nb: !!int x", "line 2, .* 'x' is no int"),
    "nested lists": ("a: " + "[" * 400, "nested more than 64 deep"),
    "nested lists without end": ("[" * 100_000, "nested more than 64 deep"),
    "nested mappings": ("a: " + "{a: " * 400, "nested more than 64 deep"),
    "nested blocks": ("\n".join(" " * i + "-" for i in range(400)), "line 65, .*64 deep"),
    "an integer of 6,000 digits": ("a: " + "9" * 6000, r"9… \(6000 characters\) is too long"),
    "an integer of base 16": ("a: 0x" + "f" * 100_000, "is too long"),
    "an integer of base 60": ("a: 1" + ":59" * 100_000, "is too long"),
    "an integer of 31 digits": ("a: 1" + "0" * 30, "is too long"),
    "aliases in lists": (bomb("[%s]"), "more than 100000 values, with aliases written out"),
    "aliases that are merged": (bomb("{<<: [%s]}"), "more than 100000 values"),
    "aliases of a long text": (f"a: &a {'x' * 9000}\nb: [{'*a, ' * 9000}]", "100000 values"),
    "an alias of itself": ("a: &a [*a]", "`\\*a` holds itself"),
    "an unknown alias": ("a: *b", "undefined alias"),
    "too many values": ("a: [" + "1, " * 100_001 + "]", "more than 100000 values"),
    "too many bytes": ("#" * (MOST_BYTES + 1), "larger than 4 MiB"),
    "a repeated key": ("a: {b: 1, b: 2}", "line 1, .*`b` is given twice"),
    "a key that is no text": ("1: a", "the key 1 is no text"),
    "a key that is a list": ("? [a]\n: b", "is no text"),
    "a NUL character": ('a: "b\\0"', "no text"),
    "half a surrogate pair": ('a: "\\ud800"', "not valid YAML"),
    "code": ("a: !!python/object/apply:os.system [ls]", "constructor"),
    "two documents": ("a: 1\n---\nb: 1", "single document"),
    "a tab": ("a:\n\tb: 1", "line 2, .*tab; use spaces"),
    "an open bracket": ("a: [1", "did not find|expected"),
    "UTF-16": ("a: 1".encode("utf-16"), "UTF-16.*\n.*save it as UTF-8"),
    "Latin-1": ("a: 1\nb: ü".encode("latin-1"), "line 2 has the byte 0xfc"),
    "a picture": (b"\x89PNG\r\n\x1a\n\x00\x00", "is not UTF-8 text"),
    "zeros": (bytes(64), "is binary"),
}


@pytest.mark.parametrize(("text", "said"), HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_file_is_refused_in_few_words_and_little_memory(
    tmp_path: Path, text: str | bytes, said: str
) -> None:
    tracemalloc.start()
    try:
        with pytest.raises(AlphabarError, match=said) as caught:
            read(tmp_path, text)
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert "file.yaml" in caught.value.what
    assert len(str(caught.value)) < 600
    assert most < 100 * 2**20


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: 1e-3", {"a": 1e-3}),
        ("a: 2020-01-01", {"a": "2020-01-01"}),
        ("a: 9999-99-99", {"a": "9999-99-99"}),
        ("a: &a {x: 1}\nb: {<<: *a, x: 2}", {"a": {"x": 1}, "b": {"x": 2}}),
        ("a: 1\r\nb: [2,\r\n 3]\r\n", {"a": 1, "b": [2, 3]}),
        ("\ufeffa: é", {"a": "é"}),
        (f"a: {10**30 - 1}", {"a": 10**30 - 1}),
        ("", None),
    ],
)
def test_what_people_write_is_read(tmp_path: Path, text: str, value: Any) -> None:
    assert read(tmp_path, text) == value


def test_twenty_thousand_keys_are_looked_at_once_each(tmp_path: Path) -> None:
    class Key(str):
        compared = 0

        def __eq__(self, other: object) -> bool:
            Key.compared += 1
            return str.__eq__(self, other)

        __hash__ = str.__hash__

    import yaml

    from components.files.yaml_file import _Loader, _mapping_without_repeats

    class Counted(_Loader):
        def construct_scalar(self, node: yaml.ScalarNode) -> str:
            return Key(super().construct_scalar(node))

    loader = Counted("")
    pairs = [
        (yaml.ScalarNode("tag:yaml.org,2002:str", f"k{i}"), yaml.ScalarNode("!", "v"))
        for i in range(2000)
    ]
    for _, value in pairs:
        value.tag = "tag:yaml.org,2002:str"
    found = _mapping_without_repeats(loader, yaml.MappingNode("tag:yaml.org,2002:map", pairs))
    assert len(found) == 2000
    assert Key.compared < 20 * 2000


def test_what_is_no_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(AlphabarError, match="is a folder"):
        read_yaml(tmp_path)
    with pytest.raises(AlphabarError, match="does not exist"):
        read_yaml(tmp_path / "a.yaml")
    with pytest.raises(AlphabarError, match="cannot be read"):
        read_yaml(tmp_path / ("x" * 300))
