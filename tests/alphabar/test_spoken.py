"""Errors of the command line in the terms of functions."""

from pathlib import Path

import numpy as np
import pytest

import alphabar
from alphabar.spoken import in_python, places, spoken


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("give `--reference PATH` or more", "give `reference=PATH` or more"),
        ("give a larger --guidance, or leave it", "give a larger guidance, or leave it"),
        ("leave --negative-prompt out", "leave negative_prompt out"),
        ("with --steps 20", "with steps=20"),
        ("`--count` draws more", "`n` draws more"),
        ("bake it in: `alphabar merge M --out DIR`, --out too",
         "bake it in: `alphabar merge M --out DIR`, out too"),
        ("a--b and ---", "a--b and ---"),
    ],
)  # fmt: skip
def test_options_are_arguments_and_commands_stay_commands(text: str, said: str) -> None:
    assert spoken(text) == said


def test_the_longest_place_is_named_first() -> None:
    words = {"/x/images": "the images given", "/x/images/0.png": "mine.png"}
    with pytest.raises(alphabar.AlphabarError) as caught, places(words):
        raise alphabar.AlphabarError("/x/images/0.png of /x/images is cut", "mend /x/images/0.png")
    assert caught.value.what == "mine.png of the images given is cut"
    assert caught.value.remedy == "mend mine.png"


def test_no_message_names_an_option_or_a_temporary_place(tmp_path: Path) -> None:
    wrong = np.zeros((24, 8, 8, 1), np.float64)
    broken = [tmp_path / f"{k}.png" for k in range(24)]
    for path in broken:
        path.write_bytes(b"no picture")
    real = np.random.default_rng(0).integers(0, 256, (24, 8, 8, 1), dtype=np.uint8)
    calls = {
        "the images given": lambda: alphabar.evaluate(wrong, real),
        "the reference images given": lambda: alphabar.evaluate(real, wrong),
        str(broken[0]): lambda: alphabar.evaluate(broken, real),
        "reference=PATH": lambda: alphabar.evaluate(real),
        "drawn already": lambda: alphabar.evaluate(real, real, sampling={"guidance": 2}),
    }
    for named, call in calls.items():
        with pytest.raises(alphabar.AlphabarError) as caught:
            call()
        said = str(caught.value)
        assert "--" not in said, said
        assert "/tmp" not in said.replace(str(tmp_path), ""), said
        assert named in said, said


def test_the_options_of_a_command_are_a_function_s_arguments() -> None:
    assert spoken("the options of `alphabar sample`: no") == "the arguments of `sample`: no"


def test_a_file_that_the_system_refuses_is_an_error_with_a_remedy(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(alphabar.AlphabarError, match="file/x: Not a directory"):
        in_python((tmp_path / "file" / "x").mkdir)()
