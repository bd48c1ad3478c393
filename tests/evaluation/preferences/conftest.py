"""Preference models with seeded weights, each made once."""

from pathlib import Path

import pytest

from tests.tiny_preference_models import know_tiny_hps, tiny_hps, tiny_pickscore


@pytest.fixture(scope="session")
def pickscore_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_pickscore(tmp_path_factory.mktemp("pickscore") / "model")


@pytest.fixture(scope="session")
def hps_model(tmp_path_factory: pytest.TempPathFactory) -> str:
    return know_tiny_hps(tmp_path_factory.mktemp("open_clip"))


@pytest.fixture(scope="session")
def hps_file(hps_model: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_hps(tmp_path_factory.mktemp("hps") / "HPS_v2.1_compressed.pt")
