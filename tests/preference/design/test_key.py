"""The key says what each item is, comes back from its file, and a broken one is named."""

import json
from pathlib import Path

import pytest

from components.errors import AlphabarError
from components.preference.design.design import draw_design
from components.preference.design.key import (
    GENERATED,
    Key,
    key_of,
    read_key,
    read_pairs_key,
    write_key,
)
from components.preference.design.size import NOISE, REAL, Kind, Size
from components.preference.statistics.choices import Outcome


def drawn(kind: Kind = "pairwise") -> Key:
    design = draw_design(Size(("old", "new"), 12, 4, 2, kind=kind), 3)
    return key_of(design, "ab12", ("looks",), [f"prompt {i // 2}" for i in range(12)])


def test_a_key_comes_back_from_its_file(tmp_path: Path) -> None:
    write_key(tmp_path / "key.json", drawn())
    assert read_key(tmp_path / "key.json") == drawn()


def test_items_of_one_pair_have_its_prompt_and_checks_have_none() -> None:
    for item in drawn().items.values():
        number = int(item.pair)
        assert item.prompt == (f"prompt {number // 2}" if number < 12 else "")
        assert (item.kind == "check") == (number >= 12)


def test_a_check_expects_the_real_image_and_noise_to_be_called_generated() -> None:
    for item in drawn().items.values():
        side = {REAL: Outcome.LEFT, NOISE: Outcome.RIGHT}.get(item.left)
        assert item.expected == side
    single = drawn("realism").items.values()
    assert {item.right for item in single} == {GENERATED}
    assert {item.expected for item in single if item.kind == "check"} == {Outcome.RIGHT}
    assert {item.expected for item in single if item.kind != "check"} == {None}


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "other"},
        {"items": [1]},
        {"questions": []},
        {"study": 3},
        {"items": {"a": {"pair": "1", "left": "x", "right": "x"}}},
        {"items": {"a": {"pair": "1", "left": "x"}}},
        {"items": {"a": {"pair": "1", "left": "x", "right": "y", "kind": "check"}}},
    ],
)
def test_a_broken_key_is_named(tmp_path: Path, change: dict[str, object]) -> None:
    path = tmp_path / "key.json"
    write_key(path, drawn())
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(AlphabarError, match=r"key\.json is no key of a study"):
        read_key(path)


def test_the_stage_s_own_key_is_read(tmp_path: Path) -> None:
    path = tmp_path / "key.csv"
    path.write_text("pair,left,right\nab-0001,baseline,finetuned\n")
    key = read_pairs_key(path)
    assert (key.study, key.questions) == ("ab", ("preference",))
    assert key.items["ab-0001"].right == "finetuned"
    for broken in ("", "a,b\n1,2\n", "pair,left,right\nab-1,x,x\n", "pair,left,right\n"):
        path.write_text(broken)
        with pytest.raises(AlphabarError, match=r"key\.csv is no key"):
            read_pairs_key(path)
