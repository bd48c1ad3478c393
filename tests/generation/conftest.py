"""A model that draws digits, small enough to be trained here."""

from pathlib import Path

import pytest

from components.networks.checkpoint import Checkpoint, load_checkpoint
from components.runtime import Runtime
from components.spec.sections.codec import CodecConfig
from components.spec.sections.network import ConditioningSpec, NetworkSpec
from components.spec.sections.process import ProcessSpec
from components.spec.sections.training import TrainingSpec
from components.training.train import train


@pytest.fixture(scope="session")
def digits_model(digits: Path, tmp_path_factory: pytest.TempPathFactory) -> Checkpoint:
    """A class-conditional model of the digits, 300 steps into its training."""
    out = tmp_path_factory.mktemp("digits_model")
    training = TrainingSpec(
        steps=300, batch_size=64, lr=2e-3, warmup_steps=20, ema=0.98, evaluate_every=0
    )
    spec = {
        "codec": CodecConfig().model_dump(mode="json"),
        "process": ProcessSpec().model_dump(mode="json"),
        "network": NetworkSpec(channels=[16, 32], layers_per_block=1).model_dump(mode="json"),
        "conditioning": ConditioningSpec().model_dump(mode="json"),
        "training": training.model_dump(mode="json"),
    }
    train(spec, {"data": digits}, out, Runtime(accelerator="cpu"))
    return load_checkpoint(out)
