"""Every kind of network learns, and a run that stops goes on to the bytes of an undisturbed one."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from components.networks.denoisers import DENOISERS
from components.runtime import Runtime
from components.spec.catalogue import DENOISERS as KINDS
from components.spec.sections.network import ConditioningSpec, NetworkSpec
from components.training.train import train
from tests.networks.denoisers.test_denoisers import SMALL
from tests.training.test_train import spec

OWN = [name for name in DENOISERS if not KINDS[name].foreign]
EVERY = pytest.mark.parametrize("kind", OWN)


def settings(kind: str, encoder: str = "class", **training: Any) -> dict[str, Any]:
    network = NetworkSpec(kind=kind, **{**SMALL, "width": 32}).settled()
    conditioning = ConditioningSpec(encoder=encoder)
    return spec(**training) | {
        "network": network.model_dump(mode="json"),
        "conditioning": conditioning.model_dump(mode="json"),
    }


def trained(values: dict[str, Any], data: Path, out: Path, runtime: Runtime) -> bytes:
    out.mkdir(exist_ok=True)
    train(values, {"data": data}, out, runtime)
    return (out / "model.safetensors").read_bytes()


@EVERY
def test_it_learns(tmp_path: Path, digits: Path, kind: str) -> None:
    values = settings(kind, steps=120, lr=4e-3)
    trained(values, digits, tmp_path / "out", Runtime(accelerator="cpu"))
    loss = pd.read_csv(tmp_path / "out" / "history.csv").loss
    assert loss.iloc[-1] < 0.7 * loss.iloc[0]


class StoppedError(Exception):
    """In the place of a kill."""


def stop(done: int, total: int, note: str = "") -> None:
    if done == 7:
        raise StoppedError


@EVERY
@pytest.mark.parametrize("encoder", ["none", "class", "minilm"])
def test_a_stopped_run_ends_with_the_bytes_of_an_undisturbed_one(
    tmp_path: Path, digits: Path, kind: str, encoder: str
) -> None:
    values, scratch = settings(kind, encoder, steps=9, batch_size=8), tmp_path / "scratch"
    scratch.mkdir()
    with pytest.raises(StoppedError):
        trained(values, digits, tmp_path / "stopped", Runtime(stop, "cpu", scratch))
    resumed = trained(values, digits, tmp_path / "resumed", Runtime(scratch=scratch))
    whole = trained(values, digits, tmp_path / "whole", Runtime(accelerator="cpu"))
    assert resumed == whole
