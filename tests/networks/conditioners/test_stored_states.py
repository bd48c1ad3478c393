"""Text states on the disk are what the encoder gives, however they came to be there."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
import torch

from components.data.captions import Captions
from components.errors import AlphabarError
from components.networks.conditioners import writing_states
from components.networks.conditioners.encoders import Encoded, Form
from components.networks.conditioners.minilm import encoder
from components.networks.conditioners.rows import MASK, POOLED, STATES
from components.networks.conditioners.stored_states import load_states
from components.networks.conditioners.text import TextCondition
from components.networks.conditioners.writing_states import DONE, write_states
from components.runtime import silent

TEXTS = ["a cat", "a red heart", "one two three four five six seven eight nine ten eleven"]


@dataclass
class Letters:
    """An encoder that reads letters: states of two numbers each, and a vector of the whole."""

    form: Form = Form(2, pooled=3)
    limit: int = 6
    asked: list[list[str]] = field(default_factory=list)
    broken: str = ""

    def length(self, caption: str, limit: int) -> int:
        return 1 + min(len(caption), limit - 1)

    def encode(self, captions: Sequence[str], limit: int) -> list[Encoded]:
        self.asked.append(list(captions))
        return [self._one(caption, limit) for caption in captions]

    def _one(self, caption: str, limit: int) -> Encoded:
        letters = torch.tensor([0.0, *map(ord, caption[: limit - 1])])
        states = torch.stack([letters, letters / 3], 1)
        if caption == self.broken:
            states = states * 1e9
        return Encoded(states, torch.full((3,), float(len(caption))))

    def release(self) -> None:
        pass


def written(folder: Path, made: Letters, texts: Sequence[str] = TEXTS, limit: int = 6) -> Path:
    folder.mkdir(exist_ok=True)
    write_states(folder, made, limit, texts, len(texts), silent)
    return folder


def test_stored_states_are_the_encoder_s_within_half_precision(tmp_path: Path) -> None:
    write_states(tmp_path, encoder(), encoder().limit, TEXTS, len(TEXTS), silent)
    fresh = TextCondition(encoder())
    stored = fresh.with_states(tmp_path)
    captions = Captions.of([[TEXTS[2]], [TEXTS[0], TEXTS[1]], [TEXTS[0]]])
    entries = torch.tensor([3, 0, 2, 0])
    expected, found = (each.table([], captions.entries)(entries) for each in (fresh, stored))
    for rows in ((expected, found), (fresh.null(2), stored.null(2))):
        assert torch.equal(rows[0][MASK], rows[1][MASK])
        assert rows[1][STATES].dtype == torch.float32
        torch.testing.assert_close(rows[1][STATES], rows[0][STATES], rtol=1e-3, atol=1e-4)
        assert torch.equal(rows[1][STATES], rows[1][STATES].half().float())


def test_a_vector_of_the_whole_caption_is_stored_beside_its_states(tmp_path: Path) -> None:
    made = Letters()
    stored = TextCondition(made).with_states(written(tmp_path, made))
    rows = stored.table([], Captions.of([[TEXTS[1]], [TEXTS[0]]]).entries)(torch.tensor([0, 1]))
    assert rows[POOLED].tolist() == [[11.0] * 3, [5.0] * 3]
    assert rows[STATES].shape == (2, 6, 2), "cut at the limit that they were written with"
    assert stored.null(3)[POOLED].tolist() == [[0.0] * 3] * 3


def test_captions_of_about_one_length_are_encoded_together_and_keep_their_places(
    tmp_path: Path,
) -> None:
    made, texts = Letters(), ["abcd", "a", "abc", "b", "ab"]
    stored = load_states(written(tmp_path, made, texts), made.form)
    assert made.asked == [["", "a", "b", "ab", "abc", "abcd"]]
    for place, text in enumerate([*texts, ""]):
        (found,) = stored.take(np.array([place]))
        assert found.states[1:, 0].tolist() == [ord(letter) for letter in text]
    assert torch.equal(stored.absent().states, torch.zeros(1, 2))


def test_a_run_that_was_stopped_goes_on_and_ends_with_the_same_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing_states, "MOST", 4)
    texts = [f"caption {k}" for k in range(13)]
    whole = written(tmp_path / "whole", Letters(), texts)
    stopped = tmp_path / "stopped"
    with pytest.raises(AlphabarError, match="not finite"):
        written(stopped, Letters(broken=texts[9]), texts)
    with (stopped / "states.npy").open("ab") as file:
        file.write(b"of a writing that was cut short")
    made = Letters()
    written(stopped, made, texts)
    assert made.asked == [texts[8:12], ["", texts[12]]]
    names = {path.name for path in whole.iterdir()}
    assert names == {"states.npy", "offsets.npy", "pooled.npy"}
    for name in names:
        assert (stopped / name).read_bytes() == (whole / name).read_bytes()
    assert not (stopped / DONE).exists()


def test_files_that_lack_what_was_done_are_made_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing_states, "MOST", 2)
    with pytest.raises(AlphabarError, match="not finite"):
        written(tmp_path, Letters(broken="c"), ["a", "b", "c"])
    (tmp_path / "states.npy").write_bytes(b"")
    made = Letters()
    written(tmp_path, made, ["a", "b", "c"])
    assert made.asked == [["a", "b"], ["", "c"]]
    assert len(load_states(tmp_path, made.form)) == 3


def test_a_state_beyond_half_precision_is_refused_with_its_caption(tmp_path: Path) -> None:
    with pytest.raises(AlphabarError, match="states of `a cat` are not finite"):
        written(tmp_path, Letters(broken="a cat"))


def test_what_is_not_whole_or_another_encoder_s_is_refused(tmp_path: Path) -> None:
    made = Letters()
    written(tmp_path, made)
    with pytest.raises(AlphabarError, match="no states of 3 numbers, with vectors of 3"):
        load_states(tmp_path, Form(3, pooled=3))
    with pytest.raises(AlphabarError, match="no states of 2 numbers"):
        load_states(tmp_path, Form(2, pooled=4))
    stored = TextCondition(made).with_states(tmp_path)
    with pytest.raises(AlphabarError, match="at least 4 captions, and states are stored of 3"):
        stored.table([], Captions.of([["a"], ["b"], ["c"], ["d"]]).entries)
    np.save(tmp_path / "offsets.npy", np.array([0, 2, 2, 9, 10]))
    with pytest.raises(AlphabarError, match="no states of 2 numbers"):
        load_states(tmp_path, made.form)
    (tmp_path / "pooled.npy").unlink()
    with pytest.raises(AlphabarError, match="is broken"):
        load_states(tmp_path, made.form)
