from pathlib import Path

import pytest

from tests.tiny_text_encoders import tiny_clip, tiny_t5


@pytest.fixture(scope="session")
def encoders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the folders that the names in the catalogue of conditioners stand for:
    `DIR_OR_ID` has a T5 and a CLIP, `A` and `B` are two that can be joined."""
    folder = tmp_path_factory.mktemp("encoders")
    both = folder / "DIR_OR_ID"
    tiny_clip(folder / "A")
    tiny_clip(folder / "B", projection=8, pad="!", seed=1)
    tiny_clip(both / "text_encoder", tokenizer=both / "tokenizer")
    tiny_t5(both / "text_encoder_3", tokenizer=both / "tokenizer_3")
    return folder


@pytest.fixture
def among_encoders(encoders: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The current folder is that of `encoders`."""
    monkeypatch.chdir(encoders)
