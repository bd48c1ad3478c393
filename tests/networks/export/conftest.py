"""Text encoders for exported models."""

import pytest

from tests.networks.export.made import PROMPTS
from tests.tiny_text_encoders import tiny_clip, tiny_t5


@pytest.fixture(scope="session")
def encoders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Encoder of `PROMPTS` → as `conditioning.encoder` has it."""
    home = tmp_path_factory.mktemp("encoders")
    one = tiny_clip(home / "one")
    two = tiny_clip(home / "two", width=24, projection=20, pad="!", seed=1)
    return {
        **{name: name for name in PROMPTS},
        "clip": f"clip:{one}",
        "t5": f"t5:{tiny_t5(home / 't5')}",
        "pair": f"clip:{one} + clip:{two}",
    }
