"""Names that look alike are one person's, or refused; the page and the import agree."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from components.preference.answers.name import annotator_name

PAGE = Path(__file__).parents[3] / "components" / "preference" / "page" / "name.js"

TAKEN = [
    "ann", "José", "Jose\u0301", "李雷", "שלום", "محمد", "O'Neil (2)", "1+1", "\u2605",
    "👩\u200d🔬", "👩🏽\u200d🔬", "❤\ufe0f", "🏳\ufe0f\u200d🌈", "1\ufe0f\u20e3",
    "👨\u200d👩\u200d👧",
    "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
]  # fmt: skip
UNSEEN = {
    "a\u200bnn": "U+200B", "\u202eann": "U+202E", "ann\u200d": "U+200D", "a\u200dnn": "U+200D",
    "ann\ufe0f": "U+FE0F", "an\u00adn": "U+00AD", "\u2066ann\u2069": "U+2066",
    "ann\u3164": "U+3164", "a\ufeffb": "U+FEFF", "ann\u180e": "U+180E", "👩\u200d": "U+200D",
    "👩\u200dx": "U+200D", "❤\ufe0f\ufe0f": "U+FE0F", "ann\U000e0061": "U+E0061",
    "a\ufff9b": "U+FFF9", "1\ufe0f": "U+FE0F", "a\u034fb": "U+034F", "a\u2028b": "U+2028",
}  # fmt: skip


@pytest.mark.parametrize("name", TAKEN)
def test_names_of_all_scripts_and_emoji_are_taken(name: str) -> None:
    assert annotator_name(f" {name} ") == annotator_name(name)


@pytest.mark.parametrize(("name", "told"), UNSEEN.items())
def test_what_cannot_be_seen_is_refused(name: str, told: str) -> None:
    with pytest.raises(ValueError, match=rf"cannot be seen, {told.replace('+', '[+]')}"):
        annotator_name(name)


@pytest.mark.skipif(shutil.which("node") is None, reason="there is no node")
def test_the_page_refuses_the_same_names() -> None:
    names = [*TAKEN, *UNSEEN]
    script = f"{PAGE.read_text()}\nconst names = {json.dumps(names)};\n"
    script += "console.log(JSON.stringify(names.map((n) => nameFault(cleanName(n)))));"
    said = subprocess.run(["node", "-"], input=script, capture_output=True, text=True, check=True)
    faults = dict(zip(names, json.loads(said.stdout), strict=True))
    assert {name for name, fault in faults.items() if "cannot be seen" in fault} == set(UNSEEN)
    assert [fault for name, fault in faults.items() if name in TAKEN and fault] == []
