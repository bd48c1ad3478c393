from pathlib import Path

import pytest

from tests.tiny_pipelines import write_sd1
from tests.tiny_text_encoders import tiny_clip, tiny_t5


@pytest.fixture(scope="session")
def encoders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the folders that the names in the catalogue of conditioners stand for:
    `DIR_OR_ID` is a pipeline with a CLIP, and a T5 beside it; `A` and `B` can be joined."""
    folder = tmp_path_factory.mktemp("encoders")
    both = folder / "DIR_OR_ID"
    tiny_clip(folder / "A")
    tiny_clip(folder / "B", projection=8, pad="!", seed=1)
    write_sd1(both)
    tiny_t5(both / "text_encoder_3", tokenizer=both / "tokenizer_3")
    return folder


@pytest.fixture
def among_encoders(encoders: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The current folder is that of `encoders`."""
    monkeypatch.chdir(encoders)
