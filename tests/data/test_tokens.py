import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from transformers import AutoTokenizer

from components.data import tokens
from components.data.tokens import (
    FRAME,
    Cut,
    cut_of,
    encoder_folder,
    length_histogram,
    token_count,
    token_ids,
)

CAPTIONS = [
    "",
    "a cat",
    "한국어 " * 200,
    "İstanbul ½ ☎️ 👩‍👩‍👧",
    "x" * 300,
    "\n\tfoo\rbar",
    "é" * 20,
]


@pytest.mark.parametrize("limit", [8, 256])
def test_ids_are_those_of_transformers_tokenizer(limit: int) -> None:
    theirs = AutoTokenizer.from_pretrained(str(encoder_folder()), local_files_only=True)
    for caption in CAPTIONS:
        expected = theirs(caption, truncation=True, max_length=limit)["input_ids"]
        assert token_ids(caption, limit) == expected


@given(st.text(max_size=30))
def test_a_caption_has_no_more_tokens_than_decomposed_letters(caption: str) -> None:
    letters = unicodedata.normalize("NFD", caption.lower())
    assert token_count(caption) <= len(letters) + FRAME


def test_captions_that_are_cut_are_counted_by_image() -> None:
    captions = ["a cat", "a cat", "one two three four five", "one two three four five"]
    assert length_histogram(captions) == {4: 2, 7: 2}
    assert cut_of(captions, 6) == Cut(6, 4, 2, 7)
    assert cut_of(captions, 6).words() == ("2 of 4 captions are cut at 6 tokens, the longest has 7")
    assert cut_of(captions, 7).words() == "none of 4 captions is cut, the longest has 7 tokens"


def test_of_very_many_captions_only_those_that_may_be_too_long_are_tokenized(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen = []

    def counted(caption: str) -> int:
        seen.append(caption)
        return len(caption.split()) + FRAME

    monkeypatch.setattr(tokens, "token_count", counted)
    captions = [f"no. {number}" for number in range(tokens._ALL + 1)] + ["word " * 20]
    assert cut_of(captions, 16) == Cut(16, len(captions), 1, 22)
    assert seen == [captions[-1]]
