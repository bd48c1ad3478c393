import unicodedata
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from transformers import AutoTokenizer

from components.data.readers import Cut, Reader, cut, cut_of, cut_of_counted, length_histogram
from components.data.readers.minilm import encoder_folder, minilm_reader

CAPTIONS = [
    "",
    "a cat",
    "한국어 " * 200,
    "İstanbul ½ ☎️ 👩‍👩‍👧",
    "x" * 300,
    "\n\tfoo\rbar",
    "é" * 20,
]


class Words:
    """A tokenizer of words."""

    def __init__(self, told: Callable[[str], None] = lambda caption: None) -> None:
        self.told = told

    def encode(self, caption: str) -> "Words":
        self.told(caption)
        self.ids = list(range(len(caption.split()) + 2))
        return self

    def get_added_tokens_decoder(self) -> dict[int, Any]:
        return {}


def reader(name: str, limit: int, told: Callable[[str], None] = lambda caption: None) -> Reader:
    return Reader(name, limit, Words(told), most=len)


@pytest.mark.parametrize("limit", [8, 256])
def test_ids_are_those_of_transformers_tokenizer(limit: int) -> None:
    theirs = AutoTokenizer.from_pretrained(str(encoder_folder()), local_files_only=True)
    for caption in CAPTIONS:
        expected = theirs(caption, truncation=True, max_length=limit)["input_ids"]
        assert minilm_reader().ids(caption, limit) == expected


@given(st.text(max_size=30))
def test_a_caption_has_no_more_tokens_than_the_reader_says(caption: str) -> None:
    assert minilm_reader().count(caption) <= minilm_reader().most(caption)
    assert minilm_reader().most(caption) <= 2 + len(unicodedata.normalize("NFD", caption.lower()))


def test_captions_that_are_cut_are_counted_by_image() -> None:
    captions = ["a cat", "a cat", "one two three four five", "one two three four five"]
    assert length_histogram(captions, minilm_reader()) == {4: 2, 7: 2}
    found = cut_of(captions, [minilm_reader()], 6)
    assert found == Cut(6, 4, 2, 7)
    assert found.words() == "2 of 4 captions are cut at 6 tokens, the longest has 7"
    assert found.words("prompts") == "2 of 4 prompts are cut at 6 tokens, the longest has 7"
    all_read = cut_of(captions, [minilm_reader()], 7)
    assert all_read.words() == "none of 4 captions is cut, the longest has 7 tokens"


def test_of_several_encoders_the_one_that_reads_least_cuts_and_is_named() -> None:
    found = cut_of(["a b c d", "a"], [reader("clip:A", 9), reader("clip:B", 5)])
    assert found == Cut(5, 2, 1, 6, "clip:B")
    assert found.words() == "1 of 2 captions are cut at 5 tokens by clip:B, the longest has 6"


def test_of_very_many_captions_only_those_that_may_be_too_long_are_tokenized() -> None:
    seen: list[str] = []
    captions = [f"no. {number}" for number in range(cut._ALL + 1)] + ["word " * 20]
    assert cut_of(captions, [reader("a", 16, seen.append)]) == Cut(16, len(captions), 1, 22)
    assert seen == [captions[-1]]
    known = cut_of_counted(Counter(captions).items(), [reader("a", 30)])
    assert known == Cut(30, len(captions), 0, 22)
