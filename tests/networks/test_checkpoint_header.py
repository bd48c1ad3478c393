"""A checkpoint's header is held to the sections' bounds and to the file's tensors before use."""

import json
import resource
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from components.errors import AlphabarError
from components.networks.checkpoint import load_checkpoint, new_checkpoint
from components.networks.checkpoint_header import read_config
from tests.networks.test_checkpoint import config


@pytest.fixture(scope="module")
def weights() -> dict[str, torch.Tensor]:
    return {k: v.contiguous() for k, v in new_checkpoint(config(), 0).network.state_dict().items()}


def save(folder: Path, header: Any, weights: dict[str, torch.Tensor]) -> Path:
    text = header if isinstance(header, str) else json.dumps(header)
    save_file(weights, folder / "model.safetensors", metadata={"alphabar": text})
    return folder


@pytest.mark.parametrize(
    ("place", "value", "said"),
    [
        ("network.channels", [], "`network.channels: \\[\\]` is wrong"),
        ("network.channels", [2**40], "`network.channels.0: 1099511627776` is wrong"),
        ("network.channels", "8", "`network.channels: '8'` is wrong"),
        ("network.layers_per_block", 10**9, "`network.layers_per_block: 1000000000` is wrong"),
        ("network.layers", 1, "`network.layers` is not a known key"),
        ("process.steps", 0, "`process.steps: 0` is wrong"),
        ("process.steps", 2**62, "`process.steps: "),
        ("process.schedule", "x" * 10_000, "x… \\(10000 characters\\)` does not exist"),
        ("conditioning.max_tokens", -1, "`conditioning.max_tokens: -1` is wrong"),
        ("conditioning", None, "`conditioning: None` is wrong"),
        ("images.size", 10**9, "`images.size: 1000000000` is wrong"),
        ("images.size", 9, "`images.size: 9` cannot be halved 1 times"),
        ("codec.kind", "vae", "`codec.kind: vae` does not exist"),
        ("codec.scale", 2, "`codec.scale` is not a known key"),
        ("codec", None, "`codec: None` is wrong"),
        ("version", None, "`version: None`"),
        ("version", 0, "`version: 0`"),
        ("version", 2, "of version 2, and this alphabar reads version 1: a newer alphabar"),
        ("version", 2**62, "of version [0-9]+, .* a newer alphabar wrote it"),
        ("more", 1, "`more` is not a known key"),
        ("images.classes", "abc", "`images.classes: 'abc'` is wrong"),
        ("images.classes", [[]], "`images.classes.0: \\[\\]` is wrong"),
        ("images.captions", ["a"], "`captions` has not as many entries as `classes`"),
    ],
)
def test_a_header_that_no_network_has_is_refused_with_file_and_path(
    tmp_path: Path, weights: dict[str, torch.Tensor], place: str, value: Any, said: str
) -> None:
    header: Any = config().model_dump(mode="json")
    *sections, leaf = place.split(".")
    part = header[sections[0]] if sections else header
    part[leaf] = value
    save(tmp_path, header, weights)
    for load in (read_config, load_checkpoint):
        with pytest.raises(AlphabarError, match=said) as caught:
            load(tmp_path)
        assert "model.safetensors" in caught.value.what
        assert len(str(caught.value)) < 600


@pytest.mark.parametrize(
    "header", ["", "[]", "1", '{"process": NaN}', "[" * 100_000, '{"a": ' * 100 + "1" + "}" * 100]
)
def test_a_header_that_is_no_object_is_refused(
    tmp_path: Path, weights: dict[str, torch.Tensor], header: str
) -> None:
    with pytest.raises(AlphabarError, match="not a whole alphabar checkpoint"):
        read_config(save(tmp_path, header, weights))


def test_a_huge_network_is_refused_before_it_is_built(
    tmp_path: Path, weights: dict[str, torch.Tensor]
) -> None:
    header = config(size=32).model_dump(mode="json")
    header["network"] |= {"channels": [2048] * 6, "layers_per_block": 8}  # 13 billion weights
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(AlphabarError, match="tensors are not those of the network in its header"):
        load_checkpoint(save(tmp_path, header, weights))
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 500 * 1024  # KiB


@pytest.mark.parametrize("change", ["missing", "another", "shape"])
def test_tensors_of_another_network_are_refused(
    tmp_path: Path, weights: dict[str, torch.Tensor], change: str
) -> None:
    name = next(iter(weights))
    others = {**weights, "stranger": torch.zeros(1)} if change == "another" else dict(weights)
    if change == "missing":
        del others[name]
    if change == "shape":
        others[name] = torch.zeros(3, 3)
    with pytest.raises(AlphabarError, match="stranger" if change == "another" else name):
        load_checkpoint(save(tmp_path, config().model_dump(mode="json"), others))
